#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "pipeline/swap_plan.h"
#include "pipeline/track_fade.h"
#include "pipeline/track_identity.h"

namespace reelswap {

/// How faces of a chain become what is painted.
struct PlanRules {
  int smoothing_reach = 8;          ///< frames, see SmoothingOptions
  int fill_gap_frames = 8;
  std::vector<FadeLimits> limits;   ///< of each direction
  cv::Size frame_size;
};

/// Frames around a frame that decide what it gets.
int64_t PlanRadius(const PlanRules& rules);

/// Plans frames [first, last) from analysed ones that reach PlanRadius further to either side (as far as there are any).
/// frames: consecutive; those before `first` and from `last` on only help. Returns one PlannedFrame for each of
/// [first, last), whatever else is in `frames`: pieces planned one by one are those of the whole. Does not yet drop
/// faces that yield to others or are hardly visible. Thread-safe.
std::vector<PlannedFrame> PlanStretch(const std::vector<AnalysedFrame>& frames, int64_t first, int64_t last,
                                      const std::vector<TrackChain>& chains, const PlanRules& rules);

}  // namespace reelswap
