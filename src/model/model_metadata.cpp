#include "model/model_metadata.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"

namespace reelswap {
namespace {

using Json = nlohmann::json;

constexpr const char* kWeightsFormat = "reelswap.weights.1";
constexpr const char* kCheckpointFormat = "reelswap.checkpoint.1";
constexpr size_t kMaxPeople = 1000;
constexpr int kMaxSide = 4096;

Json ToJson(const CropGeometry& g) {
  return {{"size", g.size}, {"coverage", g.coverage}, {"shift_y", g.shift_y}};
}

CropGeometry GeometryFrom(const Json& value) {
  CropGeometry g;
  g.size = value.at("size").get<int>();
  g.coverage = value.at("coverage").get<float>();
  g.shift_y = value.at("shift_y").get<float>();
  if (g.size < 1 || g.size > kMaxSide || !(g.coverage > 0.01f && g.coverage < 100.0f) ||
      !(std::abs(g.shift_y) < 100.0f)) {
    throw std::out_of_range("crop geometry");
  }
  return g;
}

std::vector<std::string> PeopleFrom(const Json& value) {
  const auto people = value.get<std::vector<std::string>>();
  const std::set<std::string> distinct(people.begin(), people.end());
  if (people.empty() || people.size() > kMaxPeople || distinct.size() != people.size()) {
    throw std::out_of_range("list of people");
  }
  return people;
}

Json ToJson(const ScorePoint& point) {
  return {{"iteration", point.iteration},
          {"seconds", point.seconds},
          {"score", point.result.score},
          {"numbers", point.result.numbers}};
}

double NumberFrom(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

ScorePoint ScorePointFrom(const Json& value) {
  ScorePoint point;
  point.iteration = value.at("iteration").get<int64_t>();
  point.seconds = value.at("seconds").get<double>();
  point.result.score = NumberFrom(value.at("score"));
  for (const auto& [name, number] : value.at("numbers").items()) point.result.numbers[name] = NumberFrom(number);
  return point;
}

void AddTrainingState(const ModelMetadata& m, std::map<std::string, std::string>& text) {
  if (m.score) text["score"] = ToJson(*m.score).dump();
  if (!m.checkpoint) return;
  Json scores = Json::array();
  for (const ScorePoint& point : m.scores) scores.push_back(ToJson(point));
  text["scores"] = scores.dump();
  text["score_cost_seconds"] = fmt::format("{}", m.score_cost_seconds);
  text["rate_factor"] = fmt::format("{}", m.rate_factor);
  text["rollbacks"] = std::to_string(m.rollbacks);
  text["batch_parts"] = std::to_string(m.batch_parts);
  if (!m.score_key.empty()) text["score_key"] = m.score_key;
}

/// `value(name)` gives the text under a name, or throws; `has(name)` says whether there is one.
template <typename Has, typename Value>
void ReadTrainingState(ModelMetadata& m, const Has& has, const Value& value) {
  if (has("score")) m.score = ScorePointFrom(Json::parse(value("score")));
  if (has("scores")) {
    for (const Json& point : Json::parse(value("scores"))) m.scores.push_back(ScorePointFrom(point));
  }
  if (has("score_cost_seconds")) m.score_cost_seconds = std::stod(value("score_cost_seconds"));
  if (has("rate_factor")) m.rate_factor = std::stod(value("rate_factor"));
  if (has("rollbacks")) m.rollbacks = std::stoll(value("rollbacks"));
  if (has("score_key")) m.score_key = value("score_key");
  if (has("batch_parts")) m.batch_parts = std::stoi(value("batch_parts"));
  if (!(m.rate_factor > 0 && m.rate_factor <= 1) || m.rollbacks < 0 || m.batch_parts < 1)
    throw std::out_of_range("training state");
}

}  // namespace

std::string Describe(const CropGeometry& g) {
  return fmt::format("{} px, coverage {:.4g}, shift {:.4g}", g.size, g.coverage, g.shift_y);
}

std::map<std::string, std::string> FormatMetadata(const ModelMetadata& m) {
  std::map<std::string, std::string> text = {
          {"format", m.checkpoint ? kCheckpointFormat : kWeightsFormat},
          {"architecture", m.info.architecture},
          {"input", ToJson(m.info.input).dump()},
          {"output", ToJson(m.info.output).dump()},
          {"image_geometry", ToJson(m.image_geometry).dump()},
          {"people", Json(m.info.people).dump()},
          {"iterations", std::to_string(m.info.iterations)},
          {"seconds", fmt::format("{}", m.seconds)},
          {"seed", std::to_string(m.seed)},
          {"color_order", "bgr"},
          {"tool_version", m.tool_version}};
  AddTrainingState(m, text);
  return text;
}

ModelMetadata ParseMetadata(const std::filesystem::path& path,
                            const std::map<std::string, std::string>& text) {
  const auto format = text.find("format");
  if (format == text.end() || (format->second != kWeightsFormat && format->second != kCheckpointFormat)) {
    throw Error(ErrorKind::kModel,
                fmt::format("{}: a safetensors file, but not a reelswap model", path.string()));
  }
  ModelMetadata m;
  m.checkpoint = format->second == kCheckpointFormat;
  std::string key;
  const auto value = [&](const char* name) -> const std::string& {
    key = name;
    return text.at(name);
  };
  try {
    m.info.architecture = value("architecture");
    m.info.input = GeometryFrom(Json::parse(value("input")));
    m.info.output = GeometryFrom(Json::parse(value("output")));
    m.image_geometry = GeometryFrom(Json::parse(value("image_geometry")));
    m.info.people = PeopleFrom(Json::parse(value("people")));
    m.info.iterations = std::stoll(value("iterations"));
    m.seconds = std::stod(value("seconds"));
    m.seed = std::stoull(value("seed"));
    m.tool_version = value("tool_version");
    ReadTrainingState(m, [&](const char* name) { return text.contains(name); }, value);
    if (m.info.iterations < 0 || !(m.seconds >= 0) || !std::isfinite(m.seconds))
      throw std::out_of_range("counts");
  } catch (const std::exception&) {
    throw Error(ErrorKind::kModel,
                fmt::format("{}: damaged: its \"{}\" is missing or makes no sense", path.string(), key));
  }
  return m;
}

}  // namespace reelswap
