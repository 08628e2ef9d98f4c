#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "config/locations.h"
#include "config/look_words.h"
#include "config/nearest_name.h"
#include "config/project_reader.h"
#include "core/photo.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

/// Path part of a web address, so that "a.jpg?size=2" still is a picture.
bool IsPhotoLocation(const std::string& location) {
  if (!IsWebAddress(location)) return IsPhotoPath(location);
  return IsPhotoPath(location.substr(0, location.find_first_of("?#")));
}

constexpr std::array<std::string_view, 14> kVideoExtensions{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi",  ".mpg",
                                                            ".mpeg", ".ts", ".m2ts", ".flv", ".wmv", ".ogv", ".3gp"};

bool HasVideoExtension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kVideoExtensions.begin(), kVideoExtensions.end(), extension) != kVideoExtensions.end();
}

/// `photos` takes a folder or a picture: not any other file, there already or named like a video.
void RequirePictures(const YamlField& field, const std::string& location, ReadContext& context) {
  std::error_code ignored;
  const fs::path path = ResolvePath(location, context.base_folder);
  const bool web = IsWebAddress(location);
  const bool video = web ? HasVideoExtension(location.substr(0, location.find_first_of("?#")))
                         : HasVideoExtension(path) && !fs::is_directory(path, ignored);
  const bool other = !web && fs::is_regular_file(path, ignored) && !IsPhotoPath(path);
  if (!video && !other) return;
  context.problems.Add(field.node->place, field.path,
                       fmt::format("expected a folder of pictures or a picture (jpg, png, webp, bmp, tif), got '{}'{}", location,
                                   video ? "; a video is named under 'target'" : ""));
}

/// "frames/%05d.png": the name of a picture with the place of its number.
bool IsNumberPattern(const std::string& location) {
  const std::string name = fs::path(location).filename().string();
  size_t at = name.find('%');
  if (at == std::string::npos || !IsPhotoPath(name)) return false;
  const size_t end = name.find_first_not_of("0123456789", at + 1);
  return end != std::string::npos && name[end] == 'd';
}

/// `fps` makes pictures a video; without it a pattern of numbers would mean nothing.
void ReadSequence(MapReader& map, const YamlField& place, Target& target, ReadContext& context) {
  const bool web = IsWebAddress(target.location);
  std::error_code ignored;
  const bool pattern =
      !web && IsNumberPattern(target.location) && !fs::exists(ResolvePath(target.location, context.base_folder), ignored);
  const auto fps = map.Number("fps", {.min = 0.01, .max = 1000});
  if (pattern && !map.Has("fps")) {
    context.problems.Add(place.node->place, place.path,
                         "numbered pictures are read as a video, which needs its rate: write fps: 25 beside it");
  }
  if (!fps) return;
  const bool folder = target.photos && !IsPhotoPath(target.location);
  if (web || !(pattern || folder)) {
    map.Problem("fps", "only numbered pictures (target: frames/%05d.png, or a folder of them) take a rate; a video "
                       "has its own");
    return;
  }
  target.sequence_fps = *fps;
  target.photos = false;
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
  if (photos) RequirePictures(field, *location, context);
  if (!web && IsGlob(*location) && !fs::exists(path, ignored)) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected one file or folder, got the pattern '{}'; write one entry for each video",
                    *location));
  }
  ReadSequence(map, field, target, context);
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
  if (entries.empty()) {
    context.problems.Add(field.node->place, field.path, "expected at least one pair such as {host: guest}, got none");
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

/// One of the words; after a problem the value stays.
template <typename Kind>
void ReadWord(MapReader& map, const std::string& key, const Words<Kind>& words, Kind& value) {
  std::vector<std::string> names;
  for (const auto& [word, kind] : words) names.push_back(word);
  const auto found = map.Choice(key, names);
  if (!found) return;
  value = words[static_cast<size_t>(std::find(names.begin(), names.end(), *found) - names.begin())].second;
}

void ReadShare(MapReader& map, const std::string& key, float& share) {
  // Beyond a third of its width nothing of a face is left.
  if (const auto value = map.Number(key, {.min = 0, .max = 0.3})) share = static_cast<float>(*value);
}

void ReadSmoothing(MapReader& map, Target& target, ReadContext& context) {
  const auto field = map.Get("smoothing");
  if (!field) return;
  ProblemList unsaid;
  if (const auto seconds = ReadNumber(*field, unsaid, {.min = 0, .max = 1})) {
    target.smoothing_seconds = *seconds;
  } else if (const auto flag = ReadFlag(*field, unsaid); flag && !*flag) {
    target.smoothing_seconds = 0;
  } else {
    context.problems.Add(field->node->place, field->path,
                         fmt::format("expected a number of seconds from 0 to 1, or off, got {}",
                                     DescribeFound(*field->node)));
  }
}

/// How a swap looks and how it is worked on.
void ReadLook(MapReader& map, Target& target, ReadContext& context) {
  ReadWord(map, "side_by_side", SideBySideWords(), target.side_by_side);
  ReadWord(map, "mask", MaskWords(), target.look.mask);
  ReadWord(map, "color", ColorWords(), target.look.color);
  ReadWord(map, "blend", BlendWords(), target.look.blend);
  ReadShare(map, "erosion", target.look.erosion);
  ReadShare(map, "feather", target.look.feather);
  target.look.sharpen = map.Flag("sharpen").value_or(target.look.sharpen);
  target.occlusion = map.Choice("occlusion", {"auto", "off"}).value_or("auto") == "auto";
  ReadSmoothing(map, target, context);
  target.chunk_seconds = map.Number("chunk", {.min = 1, .max = 600}).value_or(target.chunk_seconds);
  target.fade_profiles = map.Flag("fade_profiles").value_or(target.fade_profiles);
}

void CheckPhotos(MapReader& map, const Target& target) {
  if (!target.photos) return;
  for (const char* key : {"start", "duration", "encoder", "container", "smoothing", "chunk"}) {
    if (map.Has(key)) map.Problem(key, fmt::format("'{}' has no meaning for pictures", key));
  }
  using SideBySide = Target::SideBySide;
  const SideBySide layout = target.side_by_side;
  if (layout != SideBySide::kOff && layout != SideBySide::kHorizontal && layout != SideBySide::kVertical) {
    map.Problem("side_by_side", fmt::format("'{}' is for videos; pictures take off, horizontal or vertical",
                                            WordOf(SideBySideWords(), layout)));
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
  target.container = map.Choice("container", {"mp4", "mov", "mkv", "webm"}).value_or(target.container);
  target.encoder = DefaultEncoder(target.container);
  if (const auto encoder = map.Get("encoder")) target.encoder = ReadEncoder(*encoder, target.container, context);
  ReadLook(map, target, context);
  map.NotAvailable("width", "the output has the size of the target");
  map.NotAvailable("crop", "the output shows the whole picture of the target");
  CheckPhotos(map, target);
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
