#pragma once

// Private to the actor trial.

#include <vector>

#include "pipeline/actor_trial.h"

namespace reelswap {

/// One moment of a trial: the target as filmed, and after a perfect swap.
struct ActorMoment {
  int run = 0;     ///< moments of a run are neighbours in time
  HeadPose pose;   ///< true
  cv::Mat target;  ///< CV_8UC3, whole picture
  cv::Mat truth;
  Landmarks landmarks{};  ///< true, of the truth
};

/// Renders all moments of a trial on all cores, ordered by run and time.
/// Throws std::invalid_argument for options out of range.
std::vector<ActorMoment> RenderMoments(const ActorIdentity& target, const ActorIdentity& source,
                                       const ActorTrialOptions& options);

}  // namespace reelswap
