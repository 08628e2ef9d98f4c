#include "config/overrides.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace reelswap {
namespace {

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> keys;
  size_t begin = 0;
  for (size_t dot = 0; dot != std::string::npos; begin = dot + 1) {
    dot = path.find('.', begin);
    keys.push_back(path.substr(begin, dot == std::string::npos ? dot : dot - begin));
  }
  return keys;
}

void StampPlace(YamlNode& node, const Place& place) {
  node.place = place;
  for (YamlNode& item : node.items) StampPlace(item, place);
  for (YamlEntry& entry : node.entries) {
    entry.key_place = place;
    StampPlace(entry.value, place);
  }
}

std::optional<YamlNode> ParseValue(const std::string& text, const Place& place, ProblemList& problems) {
  YamlNode node;
  const bool is_flow = !text.empty() && std::string_view("[{\"'").find(text[0]) != std::string_view::npos;
  if (is_flow) {
    ParsedYaml parsed = ParseYaml(text);
    for (const YamlProblem& problem : parsed.problems) problems.Add(place, "", problem.message);
    if (!parsed.problems.empty()) return std::nullopt;
    node = std::move(parsed.root);
  } else if (!text.empty() && text != "~" && text != "null") {
    node.kind = YamlNode::Kind::kScalar;
    node.text = text;
  }
  StampPlace(node, place);
  return node;
}

YamlNode* PickItem(YamlNode& list, const std::string& key, const std::string& list_name, const Place& place,
                   ProblemList& problems) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool is_number = error == std::errc{} && end == key.data() + key.size();
  if (is_number && index < list.items.size()) return &list.items[index];
  problems.Add(
      place, "",
      fmt::format("'{}' is a list of {}; expected a number from 0 to {} after it, got '{}'", list_name,
                  list.items.size(), list.items.empty() ? 0 : list.items.size() - 1, key));
  return nullptr;
}

YamlNode* PickEntry(YamlNode& map, const std::string& key, const Place& place) {
  map.kind = YamlNode::Kind::kMap;
  if (YamlEntry* entry = map.Find(key)) return &entry->value;
  map.entries.push_back({key, place, {}});
  map.entries.back().value.place = place;
  return &map.entries.back().value;
}

/// The node a path leads to, made where it is missing; nullptr after a problem.
YamlNode* FindOrMake(YamlNode& root, const std::vector<std::string>& keys, const Place& place,
                     ProblemList& problems) {
  YamlNode* node = &root;
  std::string walked;
  for (const std::string& key : keys) {
    if (node->kind == YamlNode::Kind::kScalar) {
      problems.Add(place, "",
                   fmt::format("'{}' is {}, it has no key '{}'", walked, DescribeFound(*node), key));
      return nullptr;
    }
    node = node->kind == YamlNode::Kind::kList ? PickItem(*node, key, walked, place, problems)
                                               : PickEntry(*node, key, place);
    if (node == nullptr) return nullptr;
    walked += (walked.empty() ? "" : ".") + key;
  }
  return node;
}

void ApplyOverride(YamlNode& root, const std::string& text, ProblemList& problems) {
  const Place place{0, 0, text.empty() ? "''" : text};
  const size_t equals = text.find('=');
  const auto keys = SplitPath(text.substr(0, equals));
  bool complete = equals != std::string::npos;
  for (const std::string& key : keys) complete = complete && !key.empty();
  if (!complete) {
    problems.Add(place, "", "expected KEY.PATH=VALUE, for example train.batch=16");
    return;
  }
  auto value = ParseValue(text.substr(equals + 1), place, problems);
  if (!value) return;
  YamlNode changed = root;  // a path that fails half-way must leave no empty maps behind
  YamlNode* node = FindOrMake(changed, keys, place, problems);
  if (node == nullptr) return;
  *node = std::move(*value);
  root = std::move(changed);
}

}  // namespace

void ApplyOverrides(YamlNode& root, const std::vector<std::string>& overrides, ProblemList& problems) {
  for (const std::string& text : overrides) ApplyOverride(root, text, problems);
}

}  // namespace reelswap
