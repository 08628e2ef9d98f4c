#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reelswap {

/// Where a piece of YAML was written.
struct Place {
  int line = 0;               ///< 1-based; 0 = not in the file
  int column = 0;             ///< 1-based, in characters
  std::string override_text;  ///< "train.batch=16" when it came from --set
};

struct YamlEntry;

/// A YAML value with its place. Scalars stay the text that was written: what a text means
/// (number, switch, time) is decided by the key that holds it.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;                ///< kScalar
  std::vector<YamlNode> items;     ///< kList
  std::vector<YamlEntry> entries;  ///< kMap, in file order, keys unique
  Place place;

  const YamlEntry* Find(std::string_view key) const;
  YamlEntry* Find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  Place key_place;
  YamlNode value;
};

/// What the parser has to say about the text itself.
struct YamlProblem {
  Place place;
  std::string message;
};

struct ParsedYaml {
  YamlNode root;                      ///< kNull for an empty text
  std::vector<YamlProblem> problems;  ///< syntax errors end the tree, duplicate keys do not
};

inline constexpr int64_t kMaxYamlBytes = 1 << 20;  ///< a project of 10,000 sources has about this size
inline constexpr int kMaxYamlDepth = 64;           ///< our deepest key lies at 6; bounds the recursion

/// Parses one YAML document. Hostile text is a problem with its place, never a crash: more than
/// kMaxYamlBytes, deeper than kMaxYamlDepth, not UTF-8, control characters, aliases (they can
/// multiply a small file beyond memory), tags, several documents, duplicate keys. Thread-safe.
ParsedYaml ParseYaml(std::string_view text);

/// `text` as a YAML scalar that reads back as the same text: plain where that is safe, else in
/// double quotes with escapes.
std::string QuoteYaml(std::string_view text);

}  // namespace reelswap
