#include <fmt/format.h>

#include <algorithm>

#include "config/locations.h"
#include "config/names.h"
#include "config/project_reader.h"

namespace reelswap {
namespace {

bool IsWord(const YamlField& field, std::initializer_list<const char*> words) {
  if (field.node->kind != YamlNode::Kind::kScalar) return false;
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return field.node->text == word; });
}

std::optional<YamlField> GetUnlessAuto(MapReader& map, const std::string& key) {
  auto field = map.Get(key);
  return field && !IsWord(*field, {"auto"}) ? field : std::nullopt;
}

/// A choice of which this version knows only some: the others are named as missing, not as typos.
void ReadPartlyAvailable(MapReader& map, const std::string& key, const std::vector<std::string>& available,
                         std::initializer_list<const char*> missing, const std::string& instead,
                         ReadContext& context) {
  const auto field = map.Get(key);
  if (!field) return;
  if (IsWord(*field, missing)) {
    context.problems.Add(
        field->node->place, field->path,
        fmt::format("`{}` is not available in this version ({})", field->node->text, instead));
  } else {
    ReadChoice(*field, context.problems, available);
  }
}

std::string ReadModel(MapReader& map, const std::string& otherwise) {
  std::vector<std::string> names;
  for (const ArchitectureInfo& architecture : Architectures()) names.push_back(architecture.name);
  return map.Choice("model", names).value_or(otherwise);
}

std::string ReadBase(MapReader& map, ReadContext& context) {
  const auto field = map.Get("base");
  if (!field) return "none";
  if (IsWord(*field, {"auto"})) {
    context.problems.Add(field->node->place, field->path,
                         "`auto` is not available in this version (write none, or NAME or NAME@VERSION from "
                         "`reelswap models list`)");
    return "none";
  }
  const auto base = ReadText(*field, context.problems, "none, NAME or NAME@VERSION");
  if (!base) return "none";
  if (!IsModelReference(*base)) {
    context.problems.Add(field->node->place, field->path,
                         fmt::format("expected none, NAME or NAME@VERSION of a stored model, got {}",
                                     DescribeFound(*field->node)));
  }
  return *base;
}

void ReadStop(const YamlField& field, TrainOptions& options, ReadContext& context) {
  MapReader map(field, context.problems, "a map such as {iterations: 40000, hours: 8}");
  const auto iterations = map.Integer("iterations", 1, kMaxIterations);
  const auto hours = map.Number("hours", {0, 8760, true});
  const auto until = map.Get("until");
  if (until) options.until_minute = ReadClockMinute(*until, context.problems).value_or(options.until_minute);
  options.plateau = map.Flag("plateau").value_or(options.plateau);
  if (hours) options.max_hours = *hours;
  if (iterations) options.iterations = *iterations;
  // Who names another end only means that end. A plateau is none: how far the training is cannot be told from it,
  // and the schedules of rate, warp and critic need to know.
  const bool ends_otherwise = hours || options.until_minute >= 0;
  if (ends_otherwise && !map.Has("iterations")) options.iterations = kMaxIterations;
  map.Finish();
}

void ReadLearningRate(MapReader& map, TrainOptions& options, ReadContext& context) {
  if (const auto field = GetUnlessAuto(map, "learning_rate")) {
    options.learning_rate = ReadNumber(*field, context.problems, {0, 1, true}).value_or(0);
  }
}

bool IsOff(const YamlField& field) {
  return IsWord(field, {"off", "false", "no", "Off", "False", "No", "OFF", "FALSE", "NO"});
}
bool IsOn(const YamlField& field) {
  return IsWord(field, {"on", "true", "yes", "On", "True", "Yes", "ON", "TRUE", "YES"});
}

void ReadLabelText(const YamlField& field, DisclosureSettings& disclosure, ReadContext& context) {
  constexpr size_t kMaxLabelLetters = 120;  // more does not fit a picture at a legible size
  const auto text = ReadText(field, context.problems, "the text of the label, or off with a reason");
  if (!text) return;
  const bool drawable =
      std::all_of(text->begin(), text->end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  if (!drawable || text->size() > kMaxLabelLetters) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected at most {} letters, digits and signs of ASCII on one line (others cannot "
                    "be drawn in this version), got {}",
                    kMaxLabelLetters, DescribeFound(*field.node)));
    return;
  }
  disclosure.text = *text;
}

void ReadLabel(const YamlField& field, DisclosureSettings& disclosure, ReadContext& context) {
  if (IsOff(field)) {
    disclosure.label = false;
  } else if (field.node->kind == YamlNode::Kind::kMap) {
    constexpr double kFaintestLabel = 0.3;  // below this it can no longer be read on a busy picture
    MapReader map(field, context.problems);
    if (const auto text = map.Get("text")) ReadLabelText(*text, disclosure, context);
    disclosure.corner = map.Choice("corner", {"top_left", "top_right", "bottom_left", "bottom_right"})
                            .value_or(disclosure.corner);
    disclosure.opacity = map.Number("opacity", {kFaintestLabel, 1}).value_or(disclosure.opacity);
    map.Finish();
  } else if (!IsOn(field)) {
    ReadLabelText(field, disclosure, context);
  }
}

}  // namespace

SampleSettings ReadSample(const YamlField& field, ReadContext& context) {
  SampleSettings sample;
  MapReader map(field, context.problems, "{every: 6} or {fps: 5}");
  if (const auto every = map.Integer("every", 1, 100'000)) sample.every = static_cast<int>(*every);
  sample.fps = map.Number("fps", {0, 1000, true});
  if (map.Has("every") && map.Has("fps")) map.Problem("fps", "give 'every' or 'fps', not both");
  map.Finish();
  return sample;
}

FaceSettings ReadFaces(const YamlField& field, ReadContext& context) {
  FaceSettings faces;
  MapReader map(field, context.problems);
  ReadPartlyAvailable(map, "detector", {"auto", "hog"}, {"mmod", "yunet"}, "write hog, which is built in",
                      context);
  ReadPartlyAvailable(map, "identity", {"off"}, {"auto", "densenet", "resnet"},
                      "write off, and give sources that show one person alone", context);
  if (const auto min_size = GetUnlessAuto(map, "min_size")) {
    faces.min_size = static_cast<int>(ReadInteger(*min_size, context.problems, 16, 4096).value_or(0));
  }
  faces.max_yaw = map.Number("max_yaw", {1, 90}).value_or(faces.max_yaw);
  if (const auto min_sharpness = GetUnlessAuto(map, "min_sharpness")) {
    faces.min_sharpness = ReadNumber(*min_sharpness, context.problems, {0, 1'000'000});
  }
  faces.max_per_source = map.Integer("max_per_source", 1, 10'000'000).value_or(faces.max_per_source);
  map.Finish();
  return faces;
}

TrainSettings DefaultTrain() {
  TrainSettings train;
  train.options.batch = FindArchitecture(train.options.architecture).recommended_batch;
  return train;
}

TrainSettings ReadTrain(const YamlField& field, ReadContext& context) {
  TrainSettings train;
  TrainOptions& options = train.options;
  MapReader map(field, context.problems);
  options.architecture = ReadModel(map, options.architecture);
  train.base = ReadBase(map, context);
  const int usual_batch = FindArchitecture(options.architecture).recommended_batch;
  const auto batch = map.Get("batch");
  train.fastest_batch = batch && IsWord(*batch, {"fastest"});
  const bool counted = batch && !train.fastest_batch;
  options.batch = static_cast<int>(
      (counted ? ReadInteger(*batch, context.problems, 1, 4096) : std::nullopt).value_or(usual_batch));
  if (const auto stop = map.Get("stop")) ReadStop(*stop, options, context);
  options.save_every = map.Integer("save_every", 1, kMaxIterations).value_or(options.save_every);
  options.preview_every = map.Integer("preview_every", 1, kMaxIterations).value_or(options.preview_every);
  if (const auto milestones = GetUnlessAuto(map, "milestone_every")) {
    options.milestone_every = ReadInteger(*milestones, context.problems, 1, kMaxIterations).value_or(0);
  }
  ReadLearningRate(map, options, context);
  options.adversarial = map.Flag("adversarial").value_or(options.adversarial);
  options.precision = map.Choice("precision", {"auto", "fp32"}).value_or(options.precision);
  options.seed =
      static_cast<uint64_t>(map.Integer("seed", 0, INT64_MAX).value_or(static_cast<int64_t>(options.seed)));
  options.device = map.Choice("device", {"auto", "cpu", "cuda"}).value_or(options.device);
  options.threads = static_cast<int>(map.Integer("threads", 0, 1024).value_or(options.threads));
  map.Finish();
  return train;
}

DisclosureSettings ReadDisclosure(const YamlField& field, ReadContext& context) {
  constexpr size_t kMinReasonLetters = 10;
  DisclosureSettings disclosure;
  MapReader map(field, context.problems);
  if (const auto label = map.Get("label")) ReadLabel(*label, disclosure, context);
  const auto reason = map.Get("reason");
  const auto text = reason ? ReadText(*reason, context.problems) : std::nullopt;
  if (!disclosure.label) {
    disclosure.off_reason = text.value_or("");
    if ((!reason || text) && disclosure.off_reason.size() < kMinReasonLetters) {
      map.Problem(
          reason ? "reason" : "label",
          fmt::format(
              "'label: off' needs 'reason', a text of at least {} letters that says why the output needs "
              "no visible label (it goes into the output's record)",
              kMinReasonLetters));
    }
  }
  map.Finish();
  return disclosure;
}

Limits ReadLimits(const YamlField& field, ReadContext& context) {
  Limits limits;
  MapReader map(field, context.problems);
  limits.max_download_gb =
      map.Number("max_download_gb", {0, 1'000'000, true}).value_or(limits.max_download_gb);
  limits.max_download_minutes =
      map.Number("max_download_minutes", {0, 1'000'000, true}).value_or(limits.max_download_minutes);
  limits.per_host_connections =
      static_cast<int>(map.Integer("per_host_connections", 1, 16).value_or(limits.per_host_connections));
  map.Finish();
  return limits;
}

DownloadSettings ReadDownload(const YamlField& field, ReadContext& context) {
  DownloadSettings download;
  MapReader map(field, context.problems);
  const auto local = [&](const std::string& key) -> std::optional<std::string> {
    const auto value = map.Get(key);
    auto location = value ? ReadLocation(*value, context) : std::nullopt;
    if (location && IsWebAddress(*location)) {
      map.Problem(key, "expected a path on this machine, got a web address");
      return std::nullopt;
    }
    return location;
  };
  if (const auto ytdlp = local("ytdlp")) {
    // A bare name is looked up in PATH, as a shell does.
    const bool bare = ytdlp->find('/') == std::string::npos;
    download.ytdlp = bare ? *ytdlp : ResolvePath(*ytdlp, context.base_folder).string();
  }
  if (const auto cookies = local("cookies")) download.cookies = ResolvePath(*cookies, context.base_folder);
  map.Finish();
  return download;
}

}  // namespace reelswap
