#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "config/locations.h"
#include "config/nearest_name.h"
#include "config/project_reader.h"
#include "core/photo.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kX264Presets = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                               "medium",    "slow",      "slower",   "veryslow", "placebo"};
constexpr int kDefaultAv1Preset = 8;  // SVT-AV1: the middle of 0 (slow) to 13, about real time on a desktop

bool IsKnownCodecForm(const std::string& codec) {
  for (const char* name : {"h264", "hevc", "av1", "ffv1"}) {
    if (codec == name) return true;
  }
  const bool safe = std::all_of(codec.begin(), codec.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_';
  });
  return safe && (codec.starts_with("lib") || codec.find('_') != std::string::npos);
}

void ReadCodec(MapReader& map, EncoderOptions& encoder, ReadContext& context) {
  const auto field = map.Get("codec");
  const auto codec = field ? ReadText(*field, context.problems, "a codec such as h264") : std::nullopt;
  if (!codec) return;
  encoder.codec = *codec;
  if (IsKnownCodecForm(*codec)) return;
  context.problems.Add(field->node->place, field->path,
                       fmt::format("expected h264, hevc, av1, ffv1 or an FFmpeg encoder such as libx264 or "
                                   "h264_nvenc, got {}",
                                   DescribeFound(*field->node)));
}

bool IsAv1(const std::string& codec) { return codec == "av1" || codec == "libsvtav1"; }

void ReadPreset(MapReader& map, EncoderOptions& encoder, ReadContext& context) {
  const std::string& codec = encoder.codec;
  if (IsAv1(codec)) {
    encoder.preset = std::to_string(map.Integer("preset", 0, 13).value_or(kDefaultAv1Preset));
  } else if (codec == "h264" || codec == "hevc" || codec == "libx264" || codec == "libx265") {
    encoder.preset = map.Choice("preset", kX264Presets).value_or(encoder.preset);
  } else {
    encoder.preset = map.Text("preset").value_or(encoder.preset);
  }
}

EncoderOptions ReadEncoder(const YamlField& field, ReadContext& context) {
  EncoderOptions encoder;
  MapReader map(field, context.problems, "a map such as {codec: h264, crf: 18, preset: veryfast}");
  ReadCodec(map, encoder, context);
  const int64_t max_crf = IsAv1(encoder.codec) ? 63 : 51;
  encoder.crf = static_cast<int>(map.Integer("crf", 0, max_crf).value_or(encoder.crf));
  ReadPreset(map, encoder, context);
  encoder.threads = static_cast<int>(map.Integer("threads", 0, 1024).value_or(encoder.threads));
  map.Finish();
  return encoder;
}

/// Path part of a web address, so that "a.jpg?size=2" still is a picture.
bool IsPhotoLocation(const std::string& location) {
  if (!IsWebAddress(location)) return IsPhotoPath(location);
  return IsPhotoPath(location.substr(0, location.find_first_of("?#")));
}

void ReadTargetPlace(MapReader& map, Target& target, ReadContext& context) {
  const auto photos = map.Get("photos");
  const auto place = map.Get("target");
  if (photos && place) map.Problem("photos", "give 'target' or 'photos', not both");
  if (!photos && !place) {
    context.problems.Add(
        map.field().node->place, map.field().path,
        "the key 'target' is missing; write target: followed by an address, a file or a folder of pictures");
    return;
  }
  const YamlField& field = place ? *place : *photos;
  const auto location = ReadLocation(field, context);
  if (!location) return;
  target.location = *location;
  const fs::path path = ResolvePath(*location, context.base_folder);
  std::error_code ignored;
  const bool web = IsWebAddress(*location);
  const bool folder = !web && (location->ends_with('/') || fs::is_directory(path, ignored));
  target.photos = photos || folder || IsPhotoLocation(*location);
  if (!web && IsGlob(*location) && !fs::exists(path, ignored)) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected one file or folder, got the pattern '{}'; write one entry for each video",
                    *location));
  }
}

void CheckPerson(const std::string& name, const Place& place, const std::string& path,
                 const std::vector<std::string>& names, ReadContext& context) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  context.problems.Add(place, path,
                       fmt::format("'{}' is not one of the people ({}){}", name, fmt::join(names, ", "),
                                   DidYouMean(name, names)));
}

std::map<std::string, std::string> ReadSwap(const YamlField& field, const std::vector<std::string>& names,
                                            ReadContext& context) {
  std::map<std::string, std::string> swap;
  const MapReader map(field, context.problems, "a pair such as {host: guest} (host gets guest's face)");
  if (!map.is_map()) return swap;
  const auto& entries = field.node->entries;
  if (entries.size() != 1) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected exactly one pair such as {{host: guest}}, got {}; this version swaps one "
                    "person in a pass, so write one entry of convert for each pair",
                    entries.size()));
  }
  for (const YamlEntry& entry : entries) {
    CheckPerson(entry.key, entry.key_place, field.path, names, context);
    const YamlField value{&entry.value, field.path + "." + entry.key};
    const auto face = ReadText(value, context.problems, "the name of the person whose face it gets");
    if (!face) continue;
    CheckPerson(*face, entry.value.place, value.path, names, context);
    if (*face == entry.key) {
      context.problems.Add(entry.value.place, value.path,
                           fmt::format("expected two different people, got '{}' twice", entry.key));
    }
    swap[entry.key] = *face;
  }
  return swap;
}

void ReadSideBySide(MapReader& map, Target& target) {
  const auto word = map.Choice("side_by_side", {"off", "horizontal", "vertical"});
  if (word == "off") target.side_by_side = Target::SideBySide::kOff;
  if (word == "vertical") target.side_by_side = Target::SideBySide::kVertical;
}

void CheckTarget(MapReader& map, const Target& target) {
  if (target.encoder.codec == "ffv1" && target.container == "mp4" && !target.photos) {
    map.Problem("encoder", "ffv1 does not go into mp4; write container: mkv");
  }
  if (!target.photos) return;
  for (const char* key : {"start", "duration", "encoder", "container"}) {
    if (map.Has(key)) map.Problem(key, fmt::format("'{}' has no meaning for pictures", key));
  }
}

Target ReadTarget(const YamlField& field, const std::vector<std::string>& names, ReadContext& context) {
  Target target;
  target.line = field.node->place.line;
  target.column = field.node->place.column;
  MapReader map(field, context.problems, "a map with 'target' and 'swap'");
  if (!map.is_map()) return target;
  ReadTargetPlace(map, target, context);
  if (const auto swap = map.Require("swap", "swap: {host: guest} (host gets guest's face)")) {
    target.swap = ReadSwap(*swap, names, context);
  }
  target.start_seconds = map.Seconds("start").value_or(0);
  target.duration_seconds = map.Seconds("duration");
  if (target.duration_seconds && *target.duration_seconds <= 0) {
    map.Problem("duration", "expected a duration above 0 s; leave the key out for the whole video");
  }
  ReadSideBySide(map, target);
  if (const auto encoder = map.Get("encoder")) target.encoder = ReadEncoder(*encoder, context);
  target.container = map.Choice("container", {"mp4", "mov", "mkv"}).value_or(target.container);
  map.NotAvailable("width", "the output has the size of the target");
  map.NotAvailable("crop", "the output shows the whole picture of the target");
  CheckTarget(map, target);
  map.Finish();
  return target;
}

}  // namespace

std::vector<Target> ReadConvert(const YamlField& field, const std::vector<Person>& people,
                                ReadContext& context) {
  std::vector<Target> targets;
  if (field.node->kind != YamlNode::Kind::kList) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected a list of targets (- target: ...), got {}", DescribeFound(*field.node)));
    return targets;
  }
  std::vector<std::string> names;
  for (const Person& person : people) names.push_back(person.name);
  for (size_t i = 0; i < field.node->items.size(); ++i) {
    targets.push_back(
        ReadTarget({&field.node->items[i], fmt::format("{}.{}", field.path, i)}, names, context));
  }
  return targets;
}

}  // namespace reelswap
