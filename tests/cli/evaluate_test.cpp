// `reelswap evaluate` and the scores of a training, as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

/// subject: how the folder's name begins.
json ReadEvaluation(const fs::path& folder, const std::string& subject) {
  for (const auto& entry : fs::directory_iterator(folder / "data/small/evaluation")) {
    if (!entry.path().filename().string().starts_with(subject)) continue;
    return json::parse(ReadFile(entry.path() / "evaluation.json"));
  }
  ADD_FAILURE() << "no evaluation of " << subject;
  return {};
}

/// HH:MM of the local day, two hours from now.
std::string InTwoHours() {
  const std::time_t later = std::time(nullptr) + 7200;
  std::tm local{};
  ::localtime_r(&later, &local);
  char text[6];
  std::strftime(text, sizeof text, "%H:%M", &local);
  return text;
}

TEST(Evaluate, VirtualActorsAreScoredWhileTheyTrainAndAfterwards) {
  TempDir dir;
  DemoProject project;
  project.every = "24";
  project.iterations = "6";
  project.more = "evaluate: {actors: {ava: ava, ben: ben}, every: 6, frames: 8}\n";
  const fs::path file = project.Write(dir.path());
  ASSERT_EQ(RunProgram({"preprocess", file.string()}, dir.path()).exit_code, 0);
  const ProgramResult run = RunProgram({"train", file.string()}, dir.path());
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("score "));
  const json train = ItemsOf(ReadReport(dir.path()), "train").at(0);
  for (const char* number : {"score", "best_iteration", "truth transfer", "truth artefact"}) {
    EXPECT_TRUE(train.at("numbers").contains(number)) << train;
  }
  EXPECT_LE(train.at("numbers").at("score"), 1.0);
  EXPECT_THAT(RunProgram({"models", "show", "small"}, dir.path()).out, HasSubstr("best_iteration: "));
  // The previews show the project's own target and are marked like every output.
  for (const char* preview : {"preview_target.mp4", "preview_poses.png", "preview.png"}) {
    const fs::path path = dir / "data/small/model" / preview;
    ASSERT_TRUE(fs::exists(path)) << preview;
    EXPECT_EQ(RunProgram({"verify", path.string()}, dir.path()).exit_code, 0) << preview;
  }
  const size_t frames = Seconds(dir / "data/small/model/preview_target.mp4").size();
  EXPECT_GE(frames, 25u);
  EXPECT_LE(frames, 50u);

  const ProgramResult result = RunProgram({"evaluate", file.string(), "--frames", "16"}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("small@1, 6 iterations: score "));
  EXPECT_THAT(result.out, HasSubstr("ava as ben"));
  EXPECT_THAT(result.out, HasSubstr("ben as ava"));
  const json evaluation = ReadEvaluation(dir.path(), "small_1");
  EXPECT_EQ(evaluation.at("subject"), "small@1");
  // A network of six steps is nowhere near the truth.
  EXPECT_LT(evaluation.at("score"), 0.9);
  EXPECT_TRUE(evaluation.at("numbers").contains("truth quality: ava as ben"));
  const fs::path folder = dir / "data/small/evaluation/small_1";
  EXPECT_TRUE(fs::exists(folder / "evaluation.html"));
  EXPECT_EQ(RunProgram({"verify", (folder / "sheet.png").string()}, dir.path()).exit_code, 0);
}

TEST(EvaluateSlow, HeldOutClipsJudgeTheModelAndMissingIdentityWeightsAreSaid) {
  TempDir dir;
  ::setenv("REELSWAP_WEIGHTS", (dir / "no_weights").c_str(), 1);
  ::unsetenv("REELSWAP_IDENTITY_WEIGHTS");
  DemoProject project;
  const std::string ava = project.ava, ben = project.ben;
  project.ava = "{file: \"" + ava + "\", end: 4}\n      - {file: \"" + ava + "\", start: 9, hold_out: true}";
  project.ben = "{file: \"" + ben + "\", end: 4}\n      - {file: \"" + ben + "\", start: 9, hold_out: true}";
  project.every = "6";
  project.iterations = "6";
  project.more = "evaluate: {every: 6, frames: 8}\n";
  const fs::path file = project.Write(dir.path());
  ASSERT_EQ(RunProgram({"preprocess", file.string()}, dir.path()).exit_code, 0);
  ASSERT_EQ(RunProgram({"train", file.string()}, dir.path()).exit_code, 0);
  const json numbers = ItemsOf(ReadReport(dir.path()), "train").at(0).at("numbers");
  EXPECT_GE(numbers.at("held_out ava"), 8);
  EXPECT_LE(numbers.at("faces ava"), 17);  // 4 s at 25 frames/s, one in six
  EXPECT_TRUE(numbers.contains("score"));

  const ProgramResult result = RunProgram({"evaluate", file.string(), "--model", "small@1", "--json"}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"event\":\"evaluation\""));
  EXPECT_THAT(result.out, HasSubstr("reelswap weights pull"));
  const json evaluation = ReadEvaluation(dir.path(), "small_1");
  for (const char* number : {"ssim: ava", "l1: ben", "pose error: ava as ben", "expression error: ben as ava"}) {
    EXPECT_TRUE(evaluation.at("numbers").contains(number)) << number;
  }
  EXPECT_FALSE(evaluation.at("numbers").contains("identity margin"));
  EXPECT_FALSE(evaluation.contains("perhaps_trained_on"));

  // Judged by what it learned from: the faces are divided otherwise now.
  const ProgramResult divided = RunProgram({"evaluate", file.string(), "--set", "people.ava.sources.0.hold_out=true",
                                            "--set", "people.ava.sources.1.hold_out=false"}, dir.path());
  ASSERT_EQ(divided.exit_code, 0) << divided.out << divided.err;
  EXPECT_THAT(divided.out, HasSubstr("faces of ava may have been trained on: the split has changed since small@1"));
  EXPECT_THAT(divided.out, HasSubstr("perhaps trained on"));
  EXPECT_THAT(divided.out, HasSubstr("a part of a trained clip"));  // ben's are as they were

  // Without a held-out clip nothing judges it.
  const ProgramResult other = RunProgram({"evaluate", file.string(), "--set", "people.ben.sources.1.hold_out=false",
                                          "--set", "people.ava.sources.1.hold_out=false"}, dir.path());
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("hold_out: true"));
  EXPECT_THAT(other.err, HasSubstr("evaluate.actors"));
  ::unsetenv("REELSWAP_WEIGHTS");
}

TEST(EvaluateSlow, AFinishedVideoIsComparedWithItsOriginal) {
  TempDir dir;
  DemoProject project;
  project.every = "24";
  project.iterations = "4";
  project.target_keys = "duration: 2\n    side_by_side: horizontal";
  project.more = "evaluate: {identity: off}\n";
  const fs::path file = project.Write(dir.path());
  ASSERT_EQ(RunProgram({"run", file.string()}, dir.path()).exit_code, 0);
  const std::string swapped = (dir / "data/small/output/ava_target_ava_as_ben.mp4").string();
  const auto evaluate = [&](const std::string& result, const std::string& swap) {
    return RunProgram({"evaluate", file.string(), "--video", result, "--original", project.target, "--swap", swap,
                       "--frames", "16"}, dir.path());
  };
  const ProgramResult result = evaluate(swapped, "ava=ben");
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const json numbers = ReadEvaluation(dir.path(), "ava_target_ava_as_ben_mp4").at("numbers");
  EXPECT_EQ(numbers.at("frames"), 16);
  EXPECT_EQ(numbers.at("frames unswapped"), 0);
  EXPECT_TRUE(numbers.contains("flicker: ava as ben"));
  // The original against itself: every frame is left as it was.
  ASSERT_EQ(evaluate(project.target, "ava=ben").exit_code, 0);
  const json same = ReadEvaluation(dir.path(), "ava_target_mp4").at("numbers");
  EXPECT_EQ(same.at("frames unswapped"), same.at("frames"));
  EXPECT_LT(same.at("pose error"), 0.1);  // degrees; the same picture decoded twice
  EXPECT_NEAR(same.at("flicker"), 1, 1e-6);

  const ProgramResult pair = evaluate((dir / "data/small/output/ava_target_ava_as_ben_side_by_side.mp4").string(), "ava=ben");
  EXPECT_EQ(pair.exit_code, 1);
  EXPECT_THAT(pair.err, HasSubstr("side-by-side"));
  const ProgramResult stranger = evaluate(swapped, "ava=carl");
  EXPECT_EQ(stranger.exit_code, 2);
  EXPECT_THAT(stranger.err, HasSubstr("no person 'carl'"));
  EXPECT_EQ(evaluate((dir / "gone.mp4").string(), "ava=ben").exit_code, 1);

  const ProgramResult nothing = RunProgram({"evaluate", file.string()}, dir.path());
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.err, HasSubstr("hold_out: true"));
}

TEST(Evaluate, ATrainingThatATimeOfDayEndedIsFinishedForARunAndGoesOnWhenItIsAskedFor) {
  TempDir dir;
  DemoProject project;
  project.every = "24";
  project.iterations = "4";
  project.more = "evaluate: {identity: off}\n";
  project.target_keys = "duration: 0.2\n    side_by_side: off";
  const std::string file = project.Write(dir.path()).string();
  ASSERT_EQ(RunProgram({"run", file}, dir.path()).exit_code, 0);
  const fs::path record = dir / "data/small/model/training.json";
  json ended = json::parse(ReadFile(record));
  EXPECT_EQ(ended.at("stop_reason"), "iterations");
  EXPECT_EQ(ended.at("batch"), 4);
  // As if the clock had ended it.
  const std::string until = InTwoHours();
  ended["stop_reason"] = "until";
  ended["until_minute"] = std::stoi(until.substr(0, 2)) * 60 + std::stoi(until.substr(3));
  WriteFileAtomically(record, ended.dump());
  project.iterations = "8, until: \"" + until + "\"";
  project.Write(dir.path());
  ASSERT_EQ(RunProgram({"run", file}, dir.path()).exit_code, 0);
  json item = ItemsOf(ReadReport(dir.path()), "train").at(0);
  EXPECT_EQ(item.at("state"), "reused");
  EXPECT_EQ(item.at("numbers").at("iterations"), 4);
  ASSERT_EQ(RunProgram({"train", file}, dir.path()).exit_code, 0);
  item = ItemsOf(ReadReport(dir.path()), "train").at(0);
  EXPECT_EQ(item.at("state"), "done");
  EXPECT_EQ(item.at("numbers").at("iterations"), 8);

  // A training that cannot begin leaves the earlier one where it is.
  const ProgramResult refused =
      RunProgram({"train", file, "--set", "train.seed=2", "--set", "train.stop={plateau: true}"}, dir.path());
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err + refused.out, HasSubstr("train.stop.plateau needs a held-out score"));
  EXPECT_EQ(RunProgram({"train", file, "--set", "train.batch=4000"}, dir.path()).exit_code, 1);
  EXPECT_EQ(json::parse(ReadFile(record)).at("key"), ended.at("key"));
}

TEST(Evaluate, BadRequestsAreRefusedWithTheirCure) {
  TempDir dir;
  DemoProject project;
  const std::string file = project.Write(dir.path()).string();
  const auto evaluate = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"evaluate", file});
    return RunProgram(more, dir.path());
  };
  const ProgramResult untrained = evaluate({});
  EXPECT_EQ(untrained.exit_code, 1);
  EXPECT_THAT(untrained.err, HasSubstr("reelswap train"));
  EXPECT_EQ(evaluate({"--model", "nobody@3"}).exit_code, 1);
  EXPECT_THAT(evaluate({"--model", "gone.safetensors"}).err, HasSubstr("there is no model file gone.safetensors"));
  const ProgramResult half = evaluate({"--video", "x.mp4"});
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.err, HasSubstr("--original"));
  EXPECT_EQ(evaluate({"--video", "x.mp4", "--original", "y.mp4", "--swap", "ava"}).exit_code, 2);
  EXPECT_EQ(evaluate({"--video", "x.mp4", "--original", "y.mp4", "--swap", "ava=ava"}).exit_code, 2);
  EXPECT_EQ(evaluate({"--video", "x.mp4", "--original", "y.mp4", "--swap", "ava=ben", "--model", "m"}).exit_code, 2);
  EXPECT_EQ(evaluate({"--frames", "0"}).exit_code, 2);
  const ProgramResult actor = RunProgram({"check", file, "--set", "evaluate.actors={ava: zoe, ben: ben}"}, dir.path());
  EXPECT_EQ(actor.exit_code, 2);
  EXPECT_THAT(actor.err, HasSubstr("no virtual actor 'zoe'"));
  for (const char* command : {"plan", "run"}) {
    const ProgramResult early =
        RunProgram({command, file, "--set", "evaluate.actors={ava: zoe, ben: ben}"}, dir.path());
    EXPECT_EQ(early.exit_code, 2) << command;
    EXPECT_THAT(early.err, HasSubstr("no virtual actor 'zoe'")) << command;
  }
  const ProgramResult plateau = RunProgram({"plan", file, "--set", "train.stop={until: \"07:00\", plateau: true}"}, dir.path());
  EXPECT_EQ(plateau.exit_code, 0) << plateau.err;
  EXPECT_THAT(plateau.out, HasSubstr("it is 07:00 or the held-out score no longer rises"));
}

}  // namespace
}  // namespace reelswap::testing
