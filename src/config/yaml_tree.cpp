#include "config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace reelswap {
namespace {

/// Ends the parse; what was wrong is already known.
struct ParseStopped {
  YamlProblem problem;
};

bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Turns yaml-cpp's marks (0-based, columns in bytes) into places (1-based, columns in characters).
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view text) : text_(text) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  Place AtByte(size_t byte) const {
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
    const size_t line = static_cast<size_t>(next - line_starts_.begin()) - 1;
    return At(static_cast<int>(line), static_cast<int>(byte - line_starts_[line]));
  }

  /// Byte of a mark, or npos when it lies outside the text.
  size_t ByteAt(int line, int column) const {
    if (line < 0 || column < 0 || line >= static_cast<int>(line_starts_.size()))
      return std::string_view::npos;
    const size_t byte = line_starts_[line] + static_cast<size_t>(column);
    return byte < text_.size() ? byte : std::string_view::npos;
  }

  /// The '-' of an item without a value, for which yaml-cpp names the next token; the mark itself
  /// where none stands directly before it ("~", a comment in between).
  Place OfEmptyItem(int line, int column) const {
    const size_t next = std::min(ByteAt(line, column), text_.size());
    const size_t before = text_.substr(0, next).find_last_not_of(" \t\r\n");
    const bool is_word =
        next < text_.size() && (text_[next] == '~' || text_[next] == 'n' || text_[next] == 'N');
    const bool is_dash = before != std::string_view::npos && text_[before] == '-';
    return is_dash && !is_word ? AtByte(before) : At(line, column);
  }

  Place At(int line, int column) const {
    if (line < 0 || line >= static_cast<int>(line_starts_.size())) return {1, 1, ""};
    const size_t start = line_starts_[line];
    const size_t end = std::min(text_.size(), start + static_cast<size_t>(std::max(column, 0)));
    const auto continuation = std::count_if(text_.begin() + start, text_.begin() + end, IsContinuationByte);
    return {line + 1, static_cast<int>(end - start - continuation) + 1, ""};
  }

 private:
  std::string_view text_;
  std::vector<size_t> line_starts_;
};

/// Length of the UTF-8 sequence that starts at `at`, or 0 when it is none.
size_t SequenceLength(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xC2 ? 0
                        : lead < 0xE0 ? 2
                        : lead < 0xF0 ? 3
                        : lead < 0xF5 ? 4
                                      : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuationByte(text[at + i])) return 0;
  }
  return length;
}

/// True when the quote at `open` has its partner. yaml-cpp lets the end of the text close a scalar.
bool IsQuoteClosed(std::string_view text, size_t open) {
  const char quote = text[open];
  if (quote != '"' && quote != '\'') return true;
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return true;
      ++i;
    }
  }
  return false;
}

std::optional<YamlProblem> FindBadText(std::string_view text, const PlaceFinder& places) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F) {
      return YamlProblem{
          places.AtByte(i),
          fmt::format("expected YAML text, got the control character 0x{:02x} (is this a text file?)", c)};
    }
    const size_t length = SequenceLength(text, i);
    if (length == 0) {
      return YamlProblem{
          places.AtByte(i),
          fmt::format("expected UTF-8 text, got the byte 0x{:02x}; save the file as UTF-8", c)};
    }
    i += length;
  }
  return std::nullopt;
}

/// Builds the tree from yaml-cpp's events. Its own node type is not used: it keeps duplicate keys
/// silently, loses the place of a key and shares aliased nodes.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const PlaceFinder& places, ParsedYaml& parsed) : places_(places), parsed_(parsed) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) Stop(mark, "a second YAML document begins here; one file holds one project");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    YamlNode node = Make(YamlNode::Kind::kNull, mark);
    const bool in_list = !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::kList;
    if (in_list) node.place = places_.OfEmptyItem(mark.line, mark.column);
    Take(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Stop(mark, "YAML aliases (*name) are not supported here; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    RefuseTag(mark, tag);
    YamlNode node = Make(YamlNode::Kind::kScalar, mark);
    node.text = value;
    last_scalar_ = {mark.line, mark.column};
    Take(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag);
  }
  void OnMapEnd() override { Close(); }

  /// Only the last scalar can have swallowed the rest of the text.
  void RequireClosedQuote(std::string_view text) const {
    const auto [line, column] = last_scalar_;
    const size_t open = places_.ByteAt(line, column);
    if (open == std::string_view::npos || IsQuoteClosed(text, open)) return;
    throw ParseStopped{
        {places_.At(line, column), "not valid YAML: the quote that opens here is never closed"}};
  }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlEntry> pending;  // a map's key that waits for its value
    std::unordered_map<std::string, int> key_lines;
  };

  [[noreturn]] void Stop(const YAML::Mark& mark, const std::string& message) {
    throw ParseStopped{{places_.At(mark.line, mark.column), message}};
  }

  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Stop(mark, fmt::format("YAML tags ('{}') are not supported here; remove it", tag));
  }

  YamlNode Make(YamlNode::Kind kind, const YAML::Mark& mark) const {
    YamlNode node;
    node.kind = kind;
    node.place = places_.At(mark.line, mark.column);
    return node;
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    RefuseTag(mark, tag);
    if (static_cast<int>(levels_.size()) >= kMaxYamlDepth) {
      Stop(mark, fmt::format("nested deeper than {} levels", kMaxYamlDepth));
    }
    levels_.push_back({Make(kind, mark), std::nullopt, {}});
  }

  void Close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    Take(std::move(node));
  }

  void Take(YamlNode node) {
    if (levels_.empty()) {
      parsed_.root = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::kList) {
      level.node.items.push_back(std::move(node));
    } else if (!level.pending) {
      level.pending = YamlEntry{node.text, node.place, {}};
      if (node.kind != YamlNode::Kind::kScalar) {
        parsed_.problems.push_back({node.place, "expected a plain word as the key"});
      }
    } else {
      TakeEntry(level, std::move(node));
    }
  }

  void TakeEntry(Level& level, YamlNode value) {
    YamlEntry entry = std::move(*level.pending);
    level.pending.reset();
    // An absent value has no place of its own: yaml-cpp names that of the next token.
    if (value.kind == YamlNode::Kind::kNull) value.place = entry.key_place;
    entry.value = std::move(value);
    const auto [first, is_new] = level.key_lines.emplace(entry.key, entry.key_place.line);
    if (!is_new) {
      parsed_.problems.push_back({entry.key_place, fmt::format("the key '{}' is here twice; first on line {}",
                                                               entry.key, first->second)});
      return;
    }
    level.node.entries.push_back(std::move(entry));
  }

  const PlaceFinder& places_;
  ParsedYaml& parsed_;
  std::vector<Level> levels_;
  std::pair<int, int> last_scalar_{-1, -1};
  int documents_ = 0;
};

bool IsPlainSafe(std::string_view text) {
  if (text.empty()) return false;
  // Starting with a letter or '/' keeps numbers, dates, markers and special floats out.
  if (!std::isalpha(static_cast<unsigned char>(text[0])) && text[0] != '/') return false;
  const bool plain_letters = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '@' || c == '+';
  });
  if (!plain_letters) return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

}  // namespace

const YamlEntry* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

YamlEntry* YamlNode::Find(std::string_view key) {
  return const_cast<YamlEntry*>(static_cast<const YamlNode*>(this)->Find(key));
}

ParsedYaml ParseYaml(std::string_view text) {
  ParsedYaml parsed;
  if (static_cast<int64_t>(text.size()) > kMaxYamlBytes) {
    parsed.problems.push_back(
        {{1, 1, ""}, fmt::format("expected at most {} bytes of YAML, got {}", kMaxYamlBytes, text.size())});
    return parsed;
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  const PlaceFinder places(text);
  if (auto bad = FindBadText(text, places)) {
    parsed.problems.push_back(std::move(*bad));
    return parsed;
  }
  TreeBuilder builder(places, parsed);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    builder.RequireClosedQuote(text);
  } catch (const ParseStopped& stopped) {
    parsed.problems.push_back(stopped.problem);
    parsed.root = {};
  } catch (const YAML::Exception& error) {
    parsed.problems.push_back(
        {places.At(error.mark.line, error.mark.column), "not valid YAML: " + error.msg});
    parsed.root = {};
  }
  return parsed;
}

std::string QuoteYaml(std::string_view text) {
  if (IsPlainSafe(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace reelswap
