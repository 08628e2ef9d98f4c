#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "cli/progress_rate.h"
#include "core/progress.h"

namespace reelswap {

/// Progress for programs: one JSON object a line,
/// {"event":"progress","stage":"convert","item":"walk","state":"running|done|failed|skipped",
///  "done":183,"total":430,"unit":"frames","note":"","rate":61.2,"eta_seconds":4.0}.
/// total 0 = not known; rate (units per second) and eta_seconds are null until they are known.
/// The first and the last event of an item always appear, at most five a second in between; lines
/// are flushed one by one. Invalid UTF-8 becomes U+FFFD. Thread-safe.
class JsonProgress final : public ProgressSink {
 public:
  /// `out` must outlive the object and is written to by nobody else meanwhile.
  explicit JsonProgress(std::ostream& out, ProgressClock clock = std::chrono::steady_clock::now);

  void Report(const ProgressEvent& event) override;

  /// Writes any other complete line (a report) without tearing an event. Adds the newline.
  void Println(const std::string& json_line);

 private:
  struct Item {
    ProgressItem progress;
    ProgressTime written;
  };

  std::mutex mutex_;
  std::ostream& out_;
  ProgressClock clock_;
  std::map<std::pair<std::string, std::string>, Item> items_;  // by stage and item
};

}  // namespace reelswap
