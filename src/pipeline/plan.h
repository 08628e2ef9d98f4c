#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/project.h"

namespace reelswap {

/// One source or target of a plan.
struct PlannedItem {
  std::string person;               ///< of a target: "host -> guest", or several such, parted by commas
  int number = 0;                   ///< of a target: its place in the project, from 1
  std::string location;
  bool to_download = false;         ///< a URL that is not in the workspace yet: its length is not known
  std::optional<double> seconds;    ///< of the range that is used
  std::optional<int64_t> pictures;  ///< frames to be sampled, or photos
  std::string problem;              ///< why it cannot be used
};

struct Plan {
  std::vector<PlannedItem> sources;
  std::vector<PlannedItem> targets;
  int64_t pictures_at_least = 0;       ///< of sources whose length is known
  int batch = 0;                       ///< faces per person and step that the training is going to take
  double training_gflop = 0;           ///< forward and backward, all iterations
  double training_hours_at_300 = 0;    ///< at 300 GFLOP/s, what two Zen 4 cores with bf16 sustain
  double faces_gb_at_most = 0;         ///< disk for the face sets
};

/// What a run would do, without downloading or decoding more than headers. Throws Error(kProject) when evaluate.actors
/// names nobody we know.
Plan MakePlan(const Project& project);

/// For people.
std::string FormatPlan(const Project& project, const Plan& plan);

}  // namespace reelswap
