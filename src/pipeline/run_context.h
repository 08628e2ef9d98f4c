#pragma once

#include <mutex>
#include <optional>
#include <stop_token>

#include "config/project.h"
#include "core/progress.h"
#include "pipeline/report.h"
#include "pipeline/workspace.h"

namespace reelswap {

/// What every step of a run needs. Lives as long as the run; shared by its threads.
struct RunContext {
  const Project& project;
  Workspace workspace;
  ProgressSink& progress;
  std::stop_token stop;
  std::optional<double> sample_seconds = {};  ///< convert only the most telling stretch of this length
};

/// The report while it grows. Thread-safe.
class ReportBuilder {
 public:
  void Add(ReportItem item) {
    std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
  }
  std::vector<ReportItem> Take() {
    std::lock_guard lock(mutex_);
    return std::move(items_);
  }

 private:
  std::mutex mutex_;
  std::vector<ReportItem> items_;
};

/// Fills state and error of an item from a caught exception (kCancelled for an interruption).
void SetFailure(ReportItem& item, std::exception_ptr error);

}  // namespace reelswap
