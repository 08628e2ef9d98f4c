#include <fmt/format.h>

#include <array>
#include <charconv>

#include "config/look_words.h"
#include "config/project.h"
#include "config/yaml_tree.h"
#include "core/photo.h"

namespace reelswap {
namespace {

/// Shortest decimal that reads back as the same number, never with an exponent (times have none).
std::string FixedNumber(double value) {
  std::array<char, 512> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed).ptr;
  return {digits.data(), end};
}

const char* KeyOf(Source::Kind kind) {
  switch (kind) {
    case Source::Kind::kUrl:
      return "url";
    case Source::Kind::kPhotos:
      return "photos";
    case Source::Kind::kFiles:
      break;
  }
  return "file";
}

std::string DescribeSource(const Source& source) {
  std::string text = fmt::format("{}: {}", KeyOf(source.kind), QuoteYaml(source.location));
  if (source.start_seconds > 0) text += ", start: " + FixedNumber(source.start_seconds);
  if (source.end_seconds) text += ", end: " + FixedNumber(*source.end_seconds);
  if (source.every) text += fmt::format(", every: {}", *source.every);
  if (source.fps) text += fmt::format(", fps: {}", *source.fps);
  if (source.sha256) text += ", sha256: " + QuoteYaml(*source.sha256);
  if (source.hold_out) text += ", hold_out: true";
  return "{" + text + "}";
}

std::string DescribePeople(const Project& project) {
  std::string text = "people:\n";
  for (const Person& person : project.people) {
    text += fmt::format("  {}:\n    consent: {}\n    sources:\n", QuoteYaml(person.name),
                        QuoteYaml(person.consent));
    for (const Source& source : person.sources) text += "      - " + DescribeSource(source) + "\n";
  }
  return text;
}

std::string DescribeFaces(const FaceSettings& faces) {
  std::string text = "faces:\n  detector: hog\n  identity: off\n";
  text += "  min_size: " + (faces.min_size > 0 ? std::to_string(faces.min_size) : "auto") + "\n";
  text += fmt::format("  max_yaw: {}\n", faces.max_yaw);
  text +=
      "  min_sharpness: " + (faces.min_sharpness ? fmt::format("{}", *faces.min_sharpness) : "auto") + "\n";
  return text + fmt::format("  max_per_source: {}\n", faces.max_per_source);
}

/// 0 stands for auto.
std::string NumberOrAuto(int64_t number) { return number > 0 ? std::to_string(number) : "auto"; }

std::string DescribeTrain(const TrainSettings& train) {
  const TrainOptions& options = train.options;
  std::string text = fmt::format("train:\n  model: {}\n  base: {}\n  batch: {}\n",
                                 QuoteYaml(options.architecture), QuoteYaml(train.base),
                                 train.fastest_batch ? "fastest" : std::to_string(options.batch));
  text += fmt::format("  stop:\n    iterations: {}\n", options.iterations);
  text +=
      options.max_hours > 0 ? fmt::format("    hours: {}\n", options.max_hours) : "    # hours: no limit\n";
  text += options.until_minute >= 0 ? fmt::format("    until: \"{:02}:{:02}\"\n", options.until_minute / 60,
                                                  options.until_minute % 60)
                                    : "    # until: no time of day\n";
  text += fmt::format("    plateau: {}\n", options.plateau);
  text += fmt::format("  save_every: {}\n  preview_every: {}\n", options.save_every, options.preview_every);
  text += "  milestone_every: " + NumberOrAuto(options.milestone_every) + "\n";
  text +=
      "  learning_rate: " + (options.learning_rate > 0 ? fmt::format("{}", options.learning_rate) : "auto") +
      "\n";
  text += fmt::format("  adversarial: {}\n  precision: {}\n", options.adversarial, options.precision);
  return text + fmt::format("  seed: {}\n  device: {}\n  threads: {}\n", options.seed,
                            QuoteYaml(options.device), options.threads);
}

std::string DescribeEvaluate(const Project& project) {
  const EvaluateSettings& evaluate = project.evaluate;
  std::string text = fmt::format("evaluate:\n  hold_out: {}\n  every: {}\n  frames: {}\n  identity: {}\n",
                                 evaluate.hold_out ? "auto" : "off", NumberOrAuto(project.train.options.score_every),
                                 evaluate.frames, evaluate.identity ? "auto" : "off");
  if (evaluate.actors.empty()) return text + "  actors: {}\n";
  text += "  actors:\n";
  for (const auto& [person, actor] : evaluate.actors) {
    text += fmt::format("    {}: {}\n", QuoteYaml(person), QuoteYaml(actor));
  }
  return text;
}

/// Keys at their default are left out: there are many, and what somebody set should be seen.
std::string DescribeLook(const Target& target) {
  const Target usual;
  const ComposeOptions &look = target.look, &usual_look = usual.look;
  std::string text;
  const auto add = [&](const char* key, const std::string& value) { text += fmt::format("    {}: {}\n", key, value); };
  if (look.mask != usual_look.mask) add("mask", WordOf(MaskWords(), look.mask));
  if (look.color != usual_look.color) add("color", WordOf(ColorWords(), look.color));
  if (look.blend != usual_look.blend) add("blend", WordOf(BlendWords(), look.blend));
  if (look.erosion != usual_look.erosion) add("erosion", fmt::format("{}", look.erosion));
  if (look.feather != usual_look.feather) add("feather", fmt::format("{}", look.feather));
  if (look.sharpen != usual_look.sharpen) add("sharpen", fmt::format("{}", look.sharpen));
  if (target.occlusion != usual.occlusion) add("occlusion", target.occlusion ? "auto" : "off");
  if (target.fade_profiles != usual.fade_profiles) add("fade_profiles", fmt::format("{}", target.fade_profiles));
  if (target.photos) return text;
  if (target.smoothing_seconds != usual.smoothing_seconds) {
    add("smoothing", target.smoothing_seconds > 0 ? fmt::format("{}", target.smoothing_seconds) : "off");
  }
  if (target.chunk_seconds != usual.chunk_seconds) add("chunk", fmt::format("{}", target.chunk_seconds));
  return text;
}

std::string DescribeEncoder(const EncoderOptions& encoder) {
  return fmt::format("{{codec: {}, crf: {}, preset: {}, threads: {}{}}}", QuoteYaml(encoder.codec), encoder.crf,
                     QuoteYaml(encoder.preset), encoder.threads,
                     encoder.hardware == EncoderOptions{}.hardware ? "" : ", hardware: " + QuoteYaml(encoder.hardware));
}

std::string DescribeTarget(const Target& target) {
  const bool folder = target.photos || (target.sequence_fps && !IsPhotoPath(target.location));
  std::string text = fmt::format("  - {}: {}\n    swap:\n", folder ? "photos" : "target", QuoteYaml(target.location));
  for (const auto& [from, to] : target.swap)
    text += fmt::format("      {}: {}\n", QuoteYaml(from), QuoteYaml(to));
  text += fmt::format("    side_by_side: {}\n", WordOf(SideBySideWords(), target.side_by_side));
  text += DescribeLook(target);
  if (target.photos) return text;
  if (target.sequence_fps) text += fmt::format("    fps: {}\n", *target.sequence_fps);
  text += "    start: " + FixedNumber(target.start_seconds) + "\n";
  text += target.duration_seconds ? "    duration: " + FixedNumber(*target.duration_seconds) + "\n"
                                  : "    # duration: to the end\n";
  return text + fmt::format("    encoder: {}\n    container: {}\n", DescribeEncoder(target.encoder),
                            QuoteYaml(target.container));
}

std::string DescribeConvert(const Project& project) {
  if (project.targets.empty()) return "convert: []\n";
  std::string text = "convert:\n";
  for (const Target& target : project.targets) text += DescribeTarget(target);
  return text;
}

std::string DescribeDisclosure(const DisclosureSettings& disclosure) {
  if (!disclosure.label) {
    return fmt::format("disclosure:\n  label: off\n  reason: {}\n", QuoteYaml(disclosure.off_reason));
  }
  return fmt::format("disclosure:\n  label:\n    text: {}\n    corner: {}\n    opacity: {}\n",
                     QuoteYaml(disclosure.text), QuoteYaml(disclosure.corner), disclosure.opacity);
}

}  // namespace

std::string DescribeProject(const Project& project) {
  std::string text =
      fmt::format("version: 1\nname: {}\nworkspace: {}\nlibrary: {}\n", QuoteYaml(project.name),
                  QuoteYaml(project.workspace.string()), QuoteYaml(project.library.string()));
  text += DescribePeople(project);
  text += project.sample.fps ? fmt::format("sample: {{fps: {}}}\n", *project.sample.fps)
                             : fmt::format("sample: {{every: {}}}\n", project.sample.every);
  text += DescribeFaces(project.faces) + DescribeTrain(project.train) + DescribeEvaluate(project);
  text += DescribeConvert(project);
  text += DescribeDisclosure(project.disclosure);
  const Limits& limits = project.limits;
  text +=
      fmt::format("limits:\n  max_download_gb: {}\n  max_download_minutes: {}\n  per_host_connections: {}\n",
                  limits.max_download_gb, limits.max_download_minutes, limits.per_host_connections);
  text += fmt::format("download:\n  ytdlp: {}\n", QuoteYaml(project.download.ytdlp));
  text += project.download.cookies ? "  cookies: " + QuoteYaml(project.download.cookies->string()) + "\n"
                                   : "  # cookies: none\n";
  return text;
}

}  // namespace reelswap
