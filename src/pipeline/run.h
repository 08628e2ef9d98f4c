#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/project.h"
#include "core/progress.h"
#include "pipeline/report.h"

namespace reelswap {

/// Which stages a command asks for.
struct RunStages {
  bool preprocess = true;
  bool train = true;
  bool convert = true;
  /// Convert only targets whose location or name contains one of these, or whose number in the project (from 1) it is;
  /// empty = all.
  std::vector<std::string> targets;
  std::optional<double> sample_seconds;  ///< see RunContext::sample_seconds
};

/// Does what is not done yet, stage graphs overlapping: sources and targets download at once, the
/// training starts when the faces are ready, conversions when the model is. Writes report.json and
/// report.html into the workspace. Throws Error only when nothing could be started (another process
/// holds the workspace, the disk refuses, no target matches, evaluate.actors names nobody we know).
RunReport RunProject(const Project& project, const RunStages& stages, ProgressSink& progress, std::stop_token stop);

/// 0 done, 1 some item failed, 130 interrupted.
int ExitCodeOf(const RunReport& report);

}  // namespace reelswap
