#include "config/model_card.h"

#include <fmt/format.h>

#include "config/names.h"
#include "config/schema_reader.h"
#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr int kCardFormat = 1;

std::string FormatGeometry(const CropGeometry& geometry) {
  return fmt::format("{{size: {}, coverage: {}, shift_y: {}}}", geometry.size, geometry.coverage,
                     geometry.shift_y);
}

std::string FormatNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + QuoteYaml(name);
  return "[" + text + "]";
}

template <typename Value, typename Format>
std::string FormatPerPerson(const std::string& key, const std::map<std::string, Value>& values,
                            Format format) {
  if (values.empty()) return key + ": {}\n";
  std::string text = key + ":\n";
  for (const auto& [person, value] : values)
    text += fmt::format("  {}: {}\n", QuoteYaml(person), format(value));
  return text;
}

CropGeometry ReadGeometry(MapReader& card, const std::string& key, ProblemList& problems) {
  CropGeometry geometry;
  const auto field = card.Require(key, key + ": {size: 64, coverage: 1.6, shift_y: 0}");
  if (!field) return geometry;
  MapReader map(*field, problems);
  geometry.size = static_cast<int>(map.Integer("size", 8, 4096).value_or(geometry.size));
  geometry.coverage = static_cast<float>(map.Number("coverage", {0, 100, true}).value_or(geometry.coverage));
  geometry.shift_y = static_cast<float>(map.Number("shift_y", {-10, 10}).value_or(geometry.shift_y));
  map.Finish();
  return geometry;
}

std::vector<std::string> ReadNames(MapReader& card, const std::string& key,
                                   bool (*is_valid)(std::string_view), ProblemList& problems) {
  std::vector<std::string> names;
  const auto field = card.Get(key);
  if (!field) return names;
  if (field->node->kind != YamlNode::Kind::kList) {
    problems.Add(field->node->place, field->path,
                 "expected a list of names, got " + DescribeFound(*field->node));
    return names;
  }
  for (const YamlNode& item : field->node->items) {
    if (item.kind == YamlNode::Kind::kScalar && is_valid(item.text)) {
      names.push_back(item.text);
    } else {
      problems.Add(item.place, field->path, "expected a name, got " + DescribeFound(item));
    }
  }
  return names;
}

template <typename Value, typename Read>
std::map<std::string, Value> ReadPerPerson(MapReader& card, const std::string& key, ProblemList& problems,
                                           Read read) {
  std::map<std::string, Value> values;
  const auto field = card.Get(key);
  if (!field) return values;
  const MapReader map(*field, problems, "a map from person to value");
  if (!map.is_map()) return values;
  for (const YamlEntry& entry : field->node->entries) {
    if (!IsSafeName(entry.key))
      problems.Add(entry.key_place, key, fmt::format("'{}' is no person's name", entry.key));
    if (const auto value = read(YamlField{&entry.value, key + "." + entry.key})) values[entry.key] = *value;
  }
  return values;
}

std::map<std::string, double> ReadScores(MapReader& card, ProblemList& problems) {
  std::map<std::string, double> scores;
  const auto field = card.Get("scores");
  if (!field) return scores;
  const MapReader map(*field, problems, "a map from name to number");
  if (!map.is_map()) return scores;
  for (const YamlEntry& entry : field->node->entries) {
    const auto value = ReadNumber({&entry.value, "scores." + entry.key}, problems, {-1e9, 1e9});
    if (value) scores[entry.key] = *value;
  }
  return scores;
}

std::string ReadRequired(MapReader& card, const std::string& key, ProblemList& problems) {
  const auto field = card.Require(key, key + ": TEXT");
  return field ? ReadText(*field, problems).value_or("") : "";
}

std::string ReadSafe(MapReader& card, const std::string& key, bool (*is_valid)(std::string_view),
                     bool required, ProblemList& problems) {
  const auto field = required ? card.Require(key, key + ": NAME") : card.Get(key);
  if (!field || (!required && field->node->text.empty())) return "";
  const auto text = ReadText(*field, problems);
  if (text && !is_valid(*text)) {
    problems.Add(field->node->place, field->path, "expected a name, got " + DescribeFound(*field->node));
  }
  return text.value_or("");
}

ModelCard ReadCard(MapReader& map, ProblemList& problems) {
  ModelCard card;
  map.Integer("format", 1, kCardFormat);
  card.name = ReadSafe(map, "name", IsSafeName, true, problems);
  card.version = static_cast<int>(map.Integer("version", 1, 999'999'999).value_or(1));
  card.architecture = ReadSafe(map, "architecture", IsSafeName, true, problems);
  card.input = ReadGeometry(map, "input", problems);
  card.output = ReadGeometry(map, "output", problems);
  card.landmark_scheme = ReadRequired(map, "landmark_scheme", problems);
  card.color_order = ReadRequired(map, "color_order", problems);
  map.Require("people", "people: [a, b]");
  card.people = ReadNames(map, "people", IsSafeName, problems);
  card.consents = ReadPerPerson<std::string>(map, "consents", problems,
                                             [&](const YamlField& f) { return ReadText(f, problems); });
  card.base = ReadSafe(map, "base", IsModelReference, false, problems);
  card.lineage = ReadNames(map, "lineage", IsModelReference, problems);
  card.iterations = map.Integer("iterations", 0, INT64_MAX).value_or(0);
  card.training_seconds = map.Number("training_seconds", {0, 1e15}).value_or(0);
  card.final_loss = ReadPerPerson<double>(map, "final_loss", problems, [&](const YamlField& f) {
    return ReadNumber(f, problems, {0, 1e9});
  });
  card.scores = ReadScores(map, problems);
  card.best_iteration = map.Integer("best_iteration", 0, INT64_MAX).value_or(0);
  card.faces = ReadPerPerson<int64_t>(
      map, "faces", problems, [&](const YamlField& f) { return ReadInteger(f, problems, 0, INT64_MAX); });
  card.training_faces = ReadPerPerson<std::string>(map, "training_faces", problems,
                                                   [&](const YamlField& f) { return ReadText(f, problems); });
  card.weights_sha256 = ReadRequired(map, "weights_sha256", problems);
  card.tool_version = map.Text("tool_version").value_or("");
  card.created_utc = map.Text("created_utc").value_or("");
  // Keys of later versions are left alone: a card is read by people with older programs, too.
  return card;
}

}  // namespace

std::string FormatModelCard(const ModelCard& card) {
  const auto number = [](auto value) { return fmt::format("{}", value); };
  std::string text = "# What this model is and where it comes from. Written by reelswap.\n";
  text += fmt::format("format: {}\nname: {}\nversion: {}\narchitecture: {}\n", kCardFormat,
                      QuoteYaml(card.name), card.version, QuoteYaml(card.architecture));
  text +=
      fmt::format("input: {}\noutput: {}\nlandmark_scheme: {}\ncolor_order: {}\n", FormatGeometry(card.input),
                  FormatGeometry(card.output), QuoteYaml(card.landmark_scheme), QuoteYaml(card.color_order));
  text += "people: " + FormatNames(card.people) + "\n";
  text += FormatPerPerson("consents", card.consents,
                          [](const std::string& consent) { return QuoteYaml(consent); });
  text += fmt::format("base: {}\nlineage: {}\n", QuoteYaml(card.base), FormatNames(card.lineage));
  text += fmt::format("iterations: {}\ntraining_seconds: {}\n", card.iterations, card.training_seconds);
  text += FormatPerPerson("final_loss", card.final_loss, number);
  if (!card.scores.empty()) text += FormatPerPerson("scores", card.scores, number);
  if (card.best_iteration > 0) text += fmt::format("best_iteration: {}\n", card.best_iteration);
  text += FormatPerPerson("faces", card.faces, number);
  if (!card.training_faces.empty()) {
    text += FormatPerPerson("training_faces", card.training_faces, [](const std::string& hash) { return QuoteYaml(hash); });
  }
  text += "weights_sha256: " + QuoteYaml(card.weights_sha256) + "\n";
  if (!card.tool_version.empty()) text += "tool_version: " + QuoteYaml(card.tool_version) + "\n";
  if (!card.created_utc.empty()) text += "created_utc: " + QuoteYaml(card.created_utc) + "\n";
  return text;
}

ModelCard LoadModelCard(const fs::path& file) {
  std::string text;
  try {
    text = ReadFile(file, kMaxYamlBytes);
  } catch (const Error& error) {
    throw Error(ErrorKind::kModel, fmt::format("cannot read the model card: {}", error.what()));
  }
  ParsedYaml parsed = ParseYaml(text);
  ProblemList problems;
  for (const YamlProblem& problem : parsed.problems) problems.Add(problem.place, "", problem.message);
  if (parsed.root.place.line == 0) parsed.root.place = {1, 1, ""};
  ModelCard card;
  if (problems.empty()) {
    MapReader map({&parsed.root, ""}, problems, "a model card");
    if (map.is_map()) card = ReadCard(map, problems);
  }
  const auto sorted = problems.Sorted();
  if (sorted.empty()) return card;
  throw Error(ErrorKind::kModel, fmt::format("damaged model card {}:{}:{}: {}", file.string(), sorted[0].line,
                                             sorted[0].column, sorted[0].message));
}

}  // namespace reelswap
