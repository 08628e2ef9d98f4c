#include "model/model_metadata.h"

#include <fmt/format.h>

#include <cmath>
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

}  // namespace

std::string Describe(const CropGeometry& g) {
  return fmt::format("{} px, coverage {:.4g}, shift {:.4g}", g.size, g.coverage, g.shift_y);
}

std::map<std::string, std::string> FormatMetadata(const ModelMetadata& m) {
  return {{"format", m.checkpoint ? kCheckpointFormat : kWeightsFormat},
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
    if (m.info.iterations < 0 || !(m.seconds >= 0) || !std::isfinite(m.seconds))
      throw std::out_of_range("counts");
  } catch (const std::exception&) {
    throw Error(ErrorKind::kModel,
                fmt::format("{}: damaged: its \"{}\" is missing or makes no sense", path.string(), key));
  }
  return m;
}

}  // namespace reelswap
