#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/project.h"
#include "config/yaml_tree.h"

namespace reelswap {

/// Collects what is wrong; nothing stops at the first problem. Not thread-safe.
class ProblemList {
 public:
  /// path: dotted key of the offending value ("train.batch"), "" for the whole file.
  void Add(const Place& place, const std::string& path, const std::string& message);
  bool empty() const { return problems_.empty(); }
  /// By line and column; problems of --set come last.
  std::vector<ProjectProblem> Sorted() const;

 private:
  std::vector<ProjectProblem> problems_;
};

/// A value to be read, with its dotted key for messages.
struct YamlField {
  const YamlNode* node = nullptr;
  std::string path;
};

/// "nothing", "'many'" (cut at 60 bytes), "a list", "a map".
std::string DescribeFound(const YamlNode& node);

/// Inclusive bounds of a number; above_zero makes 0 itself a problem.
struct NumberRange {
  double min = 0;
  double max = 0;
  bool above_zero = false;
};

/// Reading a single value: nullopt and one problem when it is not what was expected.
std::optional<std::string> ReadText(const YamlField& field, ProblemList& problems,
                                    std::string_view expected = "a text");
std::optional<int64_t> ReadInteger(const YamlField& field, ProblemList& problems, int64_t min, int64_t max);
std::optional<double> ReadNumber(const YamlField& field, ProblemList& problems, const NumberRange& range);
/// "00:40", "1:02:03.5", 40 or 40.5: seconds, not negative.
std::optional<double> ReadSeconds(const YamlField& field, ProblemList& problems);
/// true, yes, on / false, no, off.
std::optional<bool> ReadFlag(const YamlField& field, ProblemList& problems);
/// "07:00", 24-hour clock: minutes since midnight.
std::optional<int> ReadClockMinute(const YamlField& field, ProblemList& problems);
/// One of `words`, exactly; a near miss is suggested.
std::optional<std::string> ReadChoice(const YamlField& field, ProblemList& problems,
                                      const std::vector<std::string>& words);

/// Reads the keys of one map: every key asked for counts as known, Finish() reports the others
/// with the nearest known one. A value that is no map is one problem and reads as empty.
class MapReader {
 public:
  MapReader(const YamlField& field, ProblemList& problems, std::string_view expected = "a map of keys");

  bool is_map() const { return is_map_; }
  const YamlField& field() const { return field_; }
  /// The value of a key, or nullopt when the key is absent.
  std::optional<YamlField> Get(const std::string& key);
  /// Like Get; an absent key is a problem that shows `example`.
  std::optional<YamlField> Require(const std::string& key, const std::string& example);
  bool Has(const std::string& key) const;

  std::optional<std::string> Text(const std::string& key);
  std::optional<int64_t> Integer(const std::string& key, int64_t min, int64_t max);
  std::optional<double> Number(const std::string& key, const NumberRange& range);
  std::optional<double> Seconds(const std::string& key);
  std::optional<std::string> Choice(const std::string& key, const std::vector<std::string>& words);
  std::optional<bool> Flag(const std::string& key);

  /// A key of the project format that this version does not act on: a problem when it is there, so
  /// that nobody believes it is active. instead: "stop by iterations or hours".
  void NotAvailable(const std::string& key, const std::string& instead);
  /// Place of the key itself (for problems that concern the key, not its value).
  Place KeyPlace(const std::string& key) const;
  std::string PathOf(const std::string& key) const;
  void Problem(const std::string& key, const std::string& message);
  /// Reports every key that nobody asked for.
  void Finish();

 private:
  YamlField field_;
  ProblemList& problems_;
  bool is_map_ = false;
  std::vector<std::string> known_;
  std::vector<std::string> unavailable_;
};

}  // namespace reelswap
