#include "config/schema_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/nearest_name.h"

namespace reelswap {
namespace {

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseFinite(std::string_view text) {
  const auto value = ParseWhole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

/// Minutes and seconds below 60 except in the leading part; only the last part may have a fraction.
std::optional<double> ParseSeconds(std::string_view text) {
  double seconds = 0;
  int parts = 0;
  for (bool last = false; !last; ++parts) {
    const size_t colon = text.find(':');
    last = colon == std::string_view::npos;
    const std::string_view part = text.substr(0, colon);
    if (part.empty() || !std::isdigit(static_cast<unsigned char>(part[0]))) return std::nullopt;
    const bool digits_only =
        part.find_first_not_of(last ? "0123456789." : "0123456789") == std::string_view::npos;
    const auto value = digits_only ? ParseFinite(part) : std::nullopt;
    if (!value || parts > 2 || (parts > 0 && *value >= 60)) return std::nullopt;
    seconds = seconds * 60 + *value;
    if (!last) text.remove_prefix(colon + 1);
  }
  // A year: beyond any video, and safe in every time base.
  return seconds <= 31'536'000 ? std::optional(seconds) : std::nullopt;
}

bool IsScalar(const YamlField& field) { return field.node->kind == YamlNode::Kind::kScalar; }

void Unexpected(const YamlField& field, ProblemList& problems, std::string_view expected) {
  problems.Add(field.node->place, field.path,
               fmt::format("expected {}, got {}", expected, DescribeFound(*field.node)));
}

std::string DescribeRange(const NumberRange& range) {
  return range.above_zero ? fmt::format("a number above 0 and up to {}", range.max)
                          : fmt::format("a number from {} to {}", range.min, range.max);
}

}  // namespace

void ProblemList::Add(const Place& place, const std::string& path, const std::string& message) {
  if (place.override_text.empty()) {
    problems_.push_back({place.line, place.column, path.empty() ? message : path + ": " + message});
    return;
  }
  // "--set train.bacth=4: ..." already names the key.
  const std::string_view set_key =
      std::string_view(place.override_text).substr(0, place.override_text.find('='));
  const bool key_is_named =
      path.empty() || set_key == path || set_key.substr(0, path.size() + 1) == path + ".";
  problems_.push_back(
      {0, 0, fmt::format("--set {}: {}{}", place.override_text, key_is_named ? "" : path + ": ", message)});
}

std::vector<ProjectProblem> ProblemList::Sorted() const {
  std::vector<ProjectProblem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const ProjectProblem& a, const ProjectProblem& b) {
    if ((a.line == 0) != (b.line == 0)) return b.line == 0;
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return sorted;
}

std::string DescribeFound(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kScalar:
      break;
  }
  constexpr size_t kShown = 60;
  if (node.text.size() <= kShown) return "'" + node.text + "'";
  size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(node.text[cut]) & 0xC0) == 0x80)
    --cut;  // whole characters only
  return "'" + node.text.substr(0, cut) + "...'";
}

std::optional<std::string> ReadText(const YamlField& field, ProblemList& problems,
                                    std::string_view expected) {
  const bool blank = field.node->text.find_first_not_of(" \t\r\n") == std::string::npos;
  if (IsScalar(field) && !blank) return field.node->text;
  Unexpected(field, problems, expected);
  return std::nullopt;
}

std::optional<int64_t> ReadInteger(const YamlField& field, ProblemList& problems, int64_t min, int64_t max) {
  const auto value = IsScalar(field) ? ParseWhole<int64_t>(field.node->text) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  Unexpected(field, problems, fmt::format("a whole number from {} to {}", min, max));
  return std::nullopt;
}

std::optional<double> ReadNumber(const YamlField& field, ProblemList& problems, const NumberRange& range) {
  const auto value = IsScalar(field) ? ParseFinite(field.node->text) : std::nullopt;
  const bool inside =
      value && *value >= range.min && *value <= range.max && (!range.above_zero || *value > 0);
  if (inside) return value;
  Unexpected(field, problems, DescribeRange(range));
  return std::nullopt;
}

std::optional<double> ReadSeconds(const YamlField& field, ProblemList& problems) {
  const auto seconds = IsScalar(field) ? ParseSeconds(field.node->text) : std::nullopt;
  if (!seconds) Unexpected(field, problems, "a time such as 40, 00:40 or 1:02:03.5");
  return seconds;
}

std::optional<bool> ReadFlag(const YamlField& field, ProblemList& problems) {
  std::string word = IsScalar(field) ? field.node->text : "";
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  Unexpected(field, problems, "true or false");
  return std::nullopt;
}

std::optional<int> ReadClockMinute(const YamlField& field, ProblemList& problems) {
  const std::string_view text = IsScalar(field) ? std::string_view(field.node->text) : "";
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon <= 2 && text.size() == colon + 3) {
    const auto hour = ParseWhole<int>(text.substr(0, colon)), minute = ParseWhole<int>(text.substr(colon + 1));
    if (hour && minute && *hour >= 0 && *hour < 24 && *minute >= 0 && *minute < 60) return *hour * 60 + *minute;
  }
  Unexpected(field, problems, "a time of day such as \"07:00\"");
  return std::nullopt;
}

std::optional<std::string> ReadChoice(const YamlField& field, ProblemList& problems,
                                      const std::vector<std::string>& words) {
  if (IsScalar(field) && std::find(words.begin(), words.end(), field.node->text) != words.end()) {
    return field.node->text;
  }
  const std::string hint = IsScalar(field) ? DidYouMean(field.node->text, words) : "";
  problems.Add(field.node->place, field.path,
               fmt::format("expected {}{}, got {}{}", words.size() > 1 ? "one of " : "",
                           fmt::join(words, ", "), DescribeFound(*field.node), hint));
  return std::nullopt;
}

MapReader::MapReader(const YamlField& field, ProblemList& problems, std::string_view expected)
    : field_(field), problems_(problems), is_map_(field.node->kind == YamlNode::Kind::kMap) {
  if (!is_map_) Unexpected(field, problems, expected);
}

bool MapReader::Has(const std::string& key) const { return is_map_ && field_.node->Find(key) != nullptr; }

std::string MapReader::PathOf(const std::string& key) const {
  return field_.path.empty() ? key : field_.path + "." + key;
}

std::optional<YamlField> MapReader::Get(const std::string& key) {
  known_.push_back(key);
  const YamlEntry* entry = is_map_ ? field_.node->Find(key) : nullptr;
  if (entry == nullptr) return std::nullopt;
  return YamlField{&entry->value, PathOf(key)};
}

std::optional<YamlField> MapReader::Require(const std::string& key, const std::string& example) {
  auto field = Get(key);
  if (!field && is_map_) {
    problems_.Add(field_.node->place, field_.path,
                  fmt::format("the key '{}' is missing; write {}", key, example));
  }
  return field;
}

std::optional<std::string> MapReader::Text(const std::string& key) {
  const auto field = Get(key);
  return field ? ReadText(*field, problems_) : std::nullopt;
}

std::optional<int64_t> MapReader::Integer(const std::string& key, int64_t min, int64_t max) {
  const auto field = Get(key);
  return field ? ReadInteger(*field, problems_, min, max) : std::nullopt;
}

std::optional<double> MapReader::Number(const std::string& key, const NumberRange& range) {
  const auto field = Get(key);
  return field ? ReadNumber(*field, problems_, range) : std::nullopt;
}

std::optional<double> MapReader::Seconds(const std::string& key) {
  const auto field = Get(key);
  return field ? ReadSeconds(*field, problems_) : std::nullopt;
}

std::optional<std::string> MapReader::Choice(const std::string& key, const std::vector<std::string>& words) {
  const auto field = Get(key);
  return field ? ReadChoice(*field, problems_, words) : std::nullopt;
}

std::optional<bool> MapReader::Flag(const std::string& key) {
  const auto field = Get(key);
  return field ? ReadFlag(*field, problems_) : std::nullopt;
}

void MapReader::NotAvailable(const std::string& key, const std::string& instead) {
  unavailable_.push_back(key);
  if (Has(key)) Problem(key, fmt::format("`{}` is not available in this version ({})", key, instead));
}

Place MapReader::KeyPlace(const std::string& key) const {
  const YamlEntry* entry = is_map_ ? field_.node->Find(key) : nullptr;
  return entry != nullptr ? entry->key_place : field_.node->place;
}

void MapReader::Problem(const std::string& key, const std::string& message) {
  problems_.Add(KeyPlace(key), field_.path, message);
}

void MapReader::Finish() {
  if (!is_map_) return;
  for (const YamlEntry& entry : field_.node->entries) {
    const auto is_key = [&](const std::string& name) { return name == entry.key; };
    if (std::any_of(known_.begin(), known_.end(), is_key)) continue;
    if (std::any_of(unavailable_.begin(), unavailable_.end(), is_key)) continue;
    std::string hint = DidYouMean(entry.key, known_);
    if (hint.empty()) hint = fmt::format("; known here: {}", fmt::join(known_, ", "));
    problems_.Add(entry.key_place, field_.path, fmt::format("unknown key '{}'{}", entry.key, hint));
  }
}

}  // namespace reelswap
