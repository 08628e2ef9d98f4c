// The only file that sees CLI11 (it costs 7 s to compile).
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>

namespace reelswap {
namespace {

constexpr const char* kExamples = R"(
Examples:
  reelswap demo                          two virtual actors, from nothing to a swapped video
  reelswap check project.yaml            is the project file right? what will be used?
  reelswap run project.yaml              download, find faces, train, convert: whatever is not done yet
  reelswap run project.yaml --set train.batch=16 --set train.stop.hours=2
  reelswap evaluate project.yaml         how good is the swap? numbers and pictures
  reelswap models list                   what is in the model library

Exit codes: 0 done, 1 an item failed (the report names it), 2 bad project or usage, 130 interrupted.)";

CLI::App* AddProjectCommand(CLI::App& app, Arguments& arguments, const std::string& name, const std::string& help,
                            const std::string& example) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("PROJECT", arguments.project, "project file (YAML), see configs/reference.yaml")->required();
  command->add_option("--set", arguments.overrides, "override a key of the project: --set train.batch=16")
      ->take_all()->expected(1)->type_name("KEY=VALUE");
  command->footer("\nExample:\n  " + example);
  return command;
}

void AddOutputFlags(CLI::App* command, Arguments& arguments) {
  command->add_flag("--json", arguments.json, "progress and results as JSON, one object a line, on stdout");
  command->add_flag("--quiet", arguments.quiet, "errors and the result only");
}

constexpr double kUsualSample = 10;  // seconds: long enough for expressions, short enough to be waited for
constexpr double kLongestSample = 36000;

/// What follows --sample: nothing, seconds, or already a target (`--sample interview`).
void ReadSample(const CLI::Option& option, const std::string& word, Arguments& arguments) {
  if (option.count() == 0) return;
  arguments.sample_seconds = kUsualSample;
  if (word.empty()) return;
  double seconds = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seconds);
  if (error != std::errc{} || end != word.data() + word.size()) {
    arguments.targets.push_back(word);
    return;
  }
  if (!(seconds >= 1 && seconds <= kLongestSample)) {
    throw CLI::ValidationError("--sample", "expected 1 to 36000 seconds, got " + word);
  }
  arguments.sample_seconds = seconds;
}

}  // namespace

std::variant<Arguments, int> ParseArguments(int argc, const char* const* argv) {
  Arguments arguments;
  CLI::App app{"reelswap swaps faces in videos, end to end, from one project file.", "reelswap"};
  app.set_version_flag("--version", std::string("reelswap ") + REELSWAP_VERSION);
  app.require_subcommand(1);
  app.footer(kExamples);

  AddProjectCommand(app, arguments, "run", "do everything that is not done yet: preprocess, train, convert",
                    "reelswap run project.yaml");
  AddProjectCommand(app, arguments, "check", "validate the project file and print it with every default",
                    "reelswap check project.yaml --set train.model=light");
  AddProjectCommand(app, arguments, "plan", "say what would be downloaded, sampled, trained and converted",
                    "reelswap plan project.yaml");
  AddProjectCommand(app, arguments, "preprocess", "download, sample, detect, align and filter the faces",
                    "reelswap preprocess project.yaml");
  CLI::App* train =
      AddProjectCommand(app, arguments, "train", "train or resume the model and store it in the library",
                        "reelswap train project.yaml --set train.stop.iterations=20000");
  train->add_flag("--finder", arguments.finder,
                  "only measure which batch and how many threads train fastest here (a minute); later trainings "
                  "use the threads");
  train->add_option("--finder-seconds", arguments.finder_seconds, "for all measurements together")
      ->check(CLI::Range(0.1, 36000.0))->capture_default_str()->type_name("SECONDS")->needs("--finder");
  CLI::App* convert = AddProjectCommand(app, arguments, "convert", "convert the targets with the trained model",
                                        "reelswap convert project.yaml interview\n"
                                        "  reelswap convert project.yaml 2 --sample\n"
                                        "  reelswap convert project.yaml --sample 20");
  convert->add_option("TARGET", arguments.targets,
                      "only targets whose name contains this, or the one with this number in the project (from 1)");
  std::string sample;
  CLI::Option* sample_option =
      convert->add_option("--sample", sample,
                          "only the most telling seconds of each video: many poses, few frames without a face; 10 "
                          "unless said otherwise")
          ->expected(0, 1)->type_name("[SECONDS]");

  CLI::App* evaluate = AddProjectCommand(
      app, arguments, "evaluate", "score the trained model, another one or a finished video: how good is the swap?",
      "reelswap evaluate project.yaml\n"
      "  reelswap evaluate project.yaml --model host_to_guest@2 --frames 1000\n"
      "  reelswap evaluate project.yaml --video result.mp4 --original target.mp4 --swap host=guest");
  evaluate->add_option("--model", arguments.name, "a stored model or a weights file; default: what this project trained")
      ->type_name("NAME[@VERSION]|FILE.safetensors");
  evaluate->add_option("--frames", arguments.frames, "held-out faces of each person (frames of the video) to look at")
      ->check(CLI::Range(4, 100000))->capture_default_str();
  evaluate->add_option("--video", arguments.video, "judge this swapped video instead of a model")->type_name("RESULT");
  evaluate->add_option("--original", arguments.original, "the video it was made from")->type_name("TARGET");
  evaluate->add_option("--swap", arguments.swap, "A=B: in the video A has B's face")->type_name("A=B");

  CLI::App* models = app.add_subcommand("models", "the model library: list, show");
  models->require_subcommand(1);
  CLI::App* list = models->add_subcommand("list", "every stored model, a line each");
  CLI::App* show = models->add_subcommand("show", "the card of one model");
  show->add_option("NAME", arguments.name, "NAME (newest version) or NAME@VERSION")->required();
  for (CLI::App* command : {list, show}) {
    command->add_option("--library", arguments.library, "folder of the library")->capture_default_str();
  }
  models->footer("\nExample:\n  reelswap models show host_to_guest@2");

  CLI::App* weights = app.add_subcommand("weights", "third-party weights: list, pull");
  weights->require_subcommand(1);
  CLI::App* weights_list = weights->add_subcommand("list", "what each is for, its licence, and whether it is here");
  CLI::App* pull =
      weights->add_subcommand("pull", "fetch weights and check them; without a name: those that tell people apart");
  pull->add_option("NAME", arguments.weights, "names of `reelswap weights list`");
  pull->add_option("--from", arguments.from, "take them from a mirror: http(s) address, or a folder on this machine")
      ->type_name("URL_OR_FOLDER");
  weights->footer("\nExample:\n  reelswap weights pull\n\nThey go to $REELSWAP_WEIGHTS, else "
                  "~/.local/share/reelswap/weights.");

  CLI::App* doctor = app.add_subcommand("doctor", "what this machine has, what is missing and how to get it");
  doctor->add_option("PROJECT", arguments.project, "look at the programs this project names (download.ytdlp)");
  CLI::App* demo = app.add_subcommand("demo", "the virtual actors, from nothing to a swapped video in data/demo_run");
  demo->add_option("--render-clips", arguments.render_clips, "only render the demo's clips again into this folder")
      ->type_name("FOLDER");
  CLI::App* verify = app.add_subcommand("verify", "whether a video or picture carries the marks of this tool");
  verify->add_option("FILE", arguments.name, "video or picture")->required();
  verify->footer("\nExample:\n  reelswap verify data/demo_run/output/ava_target_ava_as_ben.mp4");

  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) AddOutputFlags(command, arguments);
  for (CLI::App* command : {list, show, weights_list, pull}) AddOutputFlags(command, arguments);

  try {
    app.parse(argc, argv);
    ReadSample(*sample_option, sample, arguments);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  const CLI::App* chosen = app.get_subcommands().front();
  arguments.command = chosen->get_name();
  if (chosen == models) arguments.command += " " + models->get_subcommands().front()->get_name();
  if (chosen == weights) arguments.command += " " + weights->get_subcommands().front()->get_name();
  return arguments;
}

}  // namespace reelswap
