#pragma once

#include <functional>
#include <string>
#include <vector>

namespace reelswap {

/// A whole stage of a run: all preprocessing, one target's download, the training, one conversion.
struct StageTask {
  std::string name;
  std::vector<size_t> after;     ///< tasks (by index, smaller than its own) that must have succeeded first
  bool exclusive = false;        ///< uses every core: only one such task runs at a time
  std::function<bool()> work;    ///< true = succeeded. Runs on a thread of its own. Must not throw.
  /// Called instead of work when a task in `after` did not succeed; `cause` is its name.
  std::function<void(const std::string& cause)> skipped;
};

/// Starts every task as soon as what it waits for has succeeded; a task that failed takes only those
/// behind it down. Returns when all are finished or skipped.
void RunStageGraph(const std::vector<StageTask>& tasks);

}  // namespace reelswap
