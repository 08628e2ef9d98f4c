#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>

#include "config/locations.h"
#include "config/names.h"
#include "config/project_reader.h"
#include "core/photo.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMinConsentLetters = 8;  // shorter than any reference to a document
constexpr const char* kConsentExample = "consent: \"signed release 2026-10-01, file 1142\"";
constexpr const char* kConsentReason =
    "it says who allowed this face to be used and where that is written down, and goes into every output";

bool IsHexSha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

std::optional<std::string> ReadSha256(const YamlField& field, ReadContext& context) {
  const auto text = ReadText(field, context.problems, "the 64 hexadecimal digits of a SHA-256");
  if (!text) return std::nullopt;
  if (!IsHexSha256(*text)) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected the 64 hexadecimal digits of a SHA-256, got {}", DescribeFound(*field.node)));
    return std::nullopt;
  }
  std::string lower = *text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool IsFolder(const std::string& location, const ReadContext& context) {
  std::error_code ignored;
  return location.ends_with('/') || fs::is_directory(ResolvePath(location, context.base_folder), ignored);
}

/// Sets kind and location from the value of url, file, photos or a bare text (key empty).
void ReadPlaceOfSource(const YamlField& field, const std::string& key, Source& source, ReadContext& context) {
  const auto location = ReadLocation(field, context);
  if (!location) return;
  source.location = *location;
  const bool web = IsWebAddress(*location);
  const auto problem = [&](const std::string& message) {
    context.problems.Add(field.node->place, field.path, message);
  };
  if (web) {
    source.kind = Source::Kind::kUrl;
    if (!key.empty() && key != "url")
      problem(fmt::format("a web address belongs under 'url', not under '{}'", key));
  } else if (key == "url") {
    problem(fmt::format("expected an address that begins with https:// or http://, got '{}'", *location));
  } else if (key == "photos" || (key.empty() && IsFolder(*location, context))) {
    source.kind = Source::Kind::kPhotos;
    if (IsGlob(*location)) problem("expected one folder of pictures, got a pattern");
  } else {
    source.kind = Source::Kind::kFiles;
    if (IsPhotoPath(*location))
      problem("a source is a video; pictures are given as a folder: {photos: FOLDER}");
  }
}

void CheckSource(MapReader& map, const Source& source) {
  if (source.end_seconds && *source.end_seconds <= source.start_seconds) {
    map.Problem("end", fmt::format("expected 'end' after 'start', got {} s and {} s", *source.end_seconds,
                                   source.start_seconds));
  }
  if (source.every && source.fps) map.Problem("fps", "give 'every' or 'fps', not both");
  if (source.sha256 && source.kind == Source::Kind::kFiles && IsGlob(source.location)) {
    map.Problem("sha256", "one SHA-256 cannot describe all the files of a pattern; name the file");
  }
  if (source.kind != Source::Kind::kPhotos) return;
  for (const char* key : {"start", "end", "every", "fps", "sha256"}) {
    if (map.Has(key)) map.Problem(key, fmt::format("'{}' has no meaning for a folder of pictures", key));
  }
}

Source ReadSource(const YamlField& field, ReadContext& context) {
  Source source;
  source.line = field.node->place.line;
  source.column = field.node->place.column;
  if (field.node->kind == YamlNode::Kind::kScalar) {
    ReadPlaceOfSource(field, "", source, context);
    return source;
  }
  MapReader map(field, context.problems, "an address, a path or {url: ...}, {file: ...}, {photos: ...}");
  int places = 0;
  for (const char* key : {"url", "file", "photos"}) {
    if (const auto location = map.Get(key)) {
      ReadPlaceOfSource(*location, key, source, context);
      ++places;
    }
  }
  if (map.is_map() && places != 1) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected one of 'url', 'file' and 'photos', got {}", places == 0 ? "none" : "several"));
  }
  source.start_seconds = map.Seconds("start").value_or(0);
  source.end_seconds = map.Seconds("end");
  if (const auto every = map.Integer("every", 1, 100'000)) source.every = static_cast<int>(*every);
  source.fps = map.Number("fps", {0, 1000, true});
  if (const auto sha256 = map.Get("sha256")) source.sha256 = ReadSha256(*sha256, context);
  source.hold_out = map.Flag("hold_out").value_or(false);
  map.NotAvailable("max_videos", "give the address of each video");
  CheckSource(map, source);
  map.Finish();
  return source;
}

std::vector<Source> ReadSources(const YamlField& field, ReadContext& context) {
  std::vector<Source> sources;
  const auto& items = field.node->items;
  if (field.node->kind != YamlNode::Kind::kList || items.empty()) {
    const bool empty_list = field.node->kind == YamlNode::Kind::kList;
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected a list with at least one video (- https://... or - clips/*.mp4), got {}",
                    empty_list ? "an empty list" : DescribeFound(*field.node)));
    return sources;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    sources.push_back(ReadSource({&items[i], fmt::format("{}.{}", field.path, i)}, context));
  }
  return sources;
}

std::string ReadConsent(const std::optional<YamlField>& field, const std::string& person,
                        const Place& place_of_name, ReadContext& context) {
  if (!field) {
    context.problems.Add(place_of_name, "people." + person,
                         fmt::format("the consent of '{}' is missing; write {} ({})", person, kConsentExample,
                                     kConsentReason));
    return "";
  }
  const std::string& text = field->node->text;
  const auto solid =
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return !std::isspace(c); });
  if (field->node->kind == YamlNode::Kind::kScalar && static_cast<size_t>(solid) >= kMinConsentLetters)
    return text;
  context.problems.Add(
      field->node->place, field->path,
      fmt::format("expected a text of at least {} letters such as {}, got {}; {}", kMinConsentLetters,
                  kConsentExample, DescribeFound(*field->node), kConsentReason));
  return "";
}

Person ReadPerson(const YamlEntry& entry, const YamlField& field, ReadContext& context) {
  Person person;
  person.name = entry.key;
  if (!IsSafeName(entry.key)) {
    context.problems.Add(entry.key_place, "people",
                         fmt::format("expected {}, got '{}'", kSafeNameRule, entry.key));
  }
  MapReader map(field, context.problems, "a map with 'consent' and 'sources'");
  if (!map.is_map()) return person;
  // Problems about what a person lacks stand at the person's name: there it has to be added.
  person.consent = ReadConsent(map.Get("consent"), entry.key, entry.key_place, context);
  map.NotAvailable("references", "give sources that show this person alone");
  if (const auto sources = map.Get("sources")) {
    person.sources = ReadSources(*sources, context);
    const auto is_held_out = [](const Source& source) { return source.hold_out; };
    if (!person.sources.empty() && std::all_of(person.sources.begin(), person.sources.end(), is_held_out)) {
      context.problems.Add(entry.key_place, sources->path,
                           fmt::format("every source of '{}' has hold_out: nothing is left to train on", entry.key));
    }
  } else {
    context.problems.Add(
        entry.key_place, field.path,
        fmt::format("'{}' has no sources; write sources: [https://..., clips/*.mp4]", entry.key));
  }
  map.Finish();
  return person;
}

/// The same recording twice teaches nothing; under two people it teaches that they are one.
void CheckRepeatedSources(const std::vector<Person>& people, const YamlField& field, ReadContext& context) {
  using Key = std::tuple<std::string, double, double>;
  std::map<Key, std::string> seen;
  for (size_t p = 0; p < people.size(); ++p) {
    const YamlEntry* sources = field.node->entries[p].value.Find("sources");
    for (size_t i = 0; i < people[p].sources.size(); ++i) {
      const Source& source = people[p].sources[i];
      if (source.location.empty()) continue;
      const Key key{source.location, source.start_seconds, source.end_seconds.value_or(-1)};
      const auto [first, is_new] = seen.emplace(key, people[p].name);
      if (is_new) continue;
      context.problems.Add(sources->value.items[i].place,
                           fmt::format("people.{}.sources.{}", people[p].name, i),
                           fmt::format("this source is already in the list of '{}'", first->second));
    }
  }
}

}  // namespace

std::vector<Person> ReadPeople(const YamlField& field, ReadContext& context) {
  std::vector<Person> people;
  const MapReader map(field, context.problems,
                      "a map of at least two people, each with 'consent' and 'sources'");
  if (!map.is_map()) return people;
  for (const YamlEntry& entry : field.node->entries) {
    people.push_back(ReadPerson(entry, {&entry.value, "people." + entry.key}, context));
  }
  if (people.size() < 2) {
    context.problems.Add(
        field.node->place, field.path,
        fmt::format("expected at least two people (whose face is replaced, and whose face it gets), got {}",
                    people.size()));
  }
  CheckRepeatedSources(people, field, context);
  return people;
}

}  // namespace reelswap
