#include "config/weights_catalog.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/locations.h"
#include "config/names.h"
#include "config/schema_reader.h"
#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace {

constexpr std::string_view kPackedEnd = ".bz2";

std::string ReadSha256(MapReader& map, ProblemList& problems) {
  const auto field = map.Get("sha256");
  const auto text = field ? ReadText(*field, problems) : std::nullopt;
  if (!text) return "";
  const bool hex = text->size() == 64 && text->find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex) {
    problems.Add(field->node->place, field->path,
                 "expected 64 hexadecimal digits in lower case, got " + DescribeFound(*field->node));
  }
  return *text;
}

std::string ReadRequired(MapReader& map, const std::string& key, const std::string& example, ProblemList& problems) {
  const auto field = map.Require(key, example);
  return field ? ReadText(*field, problems).value_or("") : "";
}

/// The address's file name becomes a name on disk: nothing in it may lead elsewhere or hide.
bool IsFileName(const std::string& name) {
  const auto plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 128 && name[0] != '.' && std::all_of(name.begin(), name.end(), plain);
}

std::string ReadUrl(MapReader& map, ProblemList& problems) {
  const std::string url = ReadRequired(map, "url", "url: https://...", problems);
  WeightsEntry named;
  named.url = url;
  if (!url.empty() && (!IsWebAddress(url) || !IsFileName(named.FileName()))) {
    map.Problem("url", "expected the http or https address of a file, got '" + url + "'");
  }
  return url;
}

WeightsEntry ReadEntry(const YamlNode& node, size_t index, ProblemList& problems) {
  WeightsEntry entry;
  entry.line = node.place.line;
  MapReader map({&node, fmt::format("weights[{}]", index)}, problems);
  if (!map.is_map()) return entry;
  entry.name = ReadRequired(map, "name", "name: face_model", problems);
  if (!entry.name.empty() && !IsSafeName(entry.name)) map.Problem("name", "'" + entry.name + "' is no name");
  entry.purpose = ReadRequired(map, "purpose", "purpose: what it is for", problems);
  entry.licence = ReadRequired(map, "licence", "licence: MIT", problems);
  if (const auto use = map.Require("commercial_use", "commercial_use: false")) {
    entry.commercial_use = ReadChoice(*use, problems, {"true", "false"}) == "true";
  }
  entry.url = ReadUrl(map, problems);
  entry.package = map.Text("package").value_or("");
  entry.bytes = map.Integer("bytes", 1, int64_t{1} << 40);
  entry.sha256 = ReadSha256(map, problems);
  if (const auto unpacked = map.Get("unpacked")) {
    MapReader inner(*unpacked, problems);
    entry.installed = inner.Text("path").value_or("");
    inner.Integer("bytes", 1, int64_t{1} << 40);
    ReadSha256(inner, problems);
    inner.Finish();
  }
  map.Finish();
  return entry;
}

std::vector<WeightsEntry> ReadCatalog(const YamlNode& root, ProblemList& problems) {
  std::vector<WeightsEntry> entries;
  MapReader map({&root, ""}, problems, "a map with the keys version and weights");
  if (!map.is_map()) return entries;
  map.Integer("version", 1, 1);
  const auto list = map.Require("weights", "weights: [...]");
  map.Finish();
  if (!list) return entries;
  if (list->node->kind != YamlNode::Kind::kList) {
    problems.Add(list->node->place, "weights", "expected a list, got " + DescribeFound(*list->node));
    return entries;
  }
  for (const YamlNode& item : list->node->items) {
    WeightsEntry entry = ReadEntry(item, entries.size(), problems);
    const bool known = std::any_of(entries.begin(), entries.end(),
                                   [&](const WeightsEntry& earlier) { return earlier.name == entry.name; });
    if (known) problems.Add(item.place, "weights", fmt::format("'{}' is there twice", entry.name));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

std::string WeightsEntry::FileName() const {
  const std::string path = url.substr(0, url.find_first_of("?#"));
  return path.substr(path.rfind('/') + 1);
}

std::string WeightsEntry::ReadyFileName() const {
  std::string name = FileName();
  if (name.size() > kPackedEnd.size() && name.ends_with(kPackedEnd)) name.resize(name.size() - kPackedEnd.size());
  return name;
}

std::vector<WeightsEntry> LoadWeightsCatalog(const std::filesystem::path& file) {
  const ParsedYaml parsed = ParseYaml(ReadFile(file, kMaxYamlBytes));
  ProblemList problems;
  for (const YamlProblem& problem : parsed.problems) problems.Add(problem.place, "", problem.message);
  std::vector<WeightsEntry> entries;
  if (problems.empty()) entries = ReadCatalog(parsed.root, problems);
  if (problems.empty()) return entries;
  const ProjectProblem first = problems.Sorted().front();
  throw Error(ErrorKind::kModel, fmt::format("the list of weights is damaged: {}:{}: {}", file.string(), first.line,
                                             first.message));
}

}  // namespace reelswap
