#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "core/faces.h"

namespace reelswap {

/// Beyond which pose nothing is swapped.
struct FadeLimits {
  double from_yaw = 1e9;  ///< degrees of |yaw| up to which the face is wholly swapped
  double over_yaw = 20;   ///< degrees over which it fades; 0: at once (evened out over time all the same)
};

/// Degrees of |yaw| beyond UsualYaw up to which conversions swap wholly: a little the network can guess.
inline constexpr double kFadeFromYaw = 10;

inline constexpr int kFadeRadius = 6;  ///< frames to either side that opacities depend on

/// The value of |yaw| under which 95 % of the poses lie; nullopt-like 0 when there are none.
double UsualYaw(const std::vector<HeadPose>& poses);

/// The limits that the poses of a person's training faces set; none where there are too few of them to say anything.
FadeLimits LimitsOf(const std::vector<HeadPose>& poses, double from_yaw = kFadeFromYaw, double over_yaw = 20);

/// Opacity of each of consecutive faces of one shot by their yaw (degrees, for a NaN: 1), evened out over time so that
/// nothing pops. Where the face appears or goes in the middle of the picture (open_start, open_end: there is more of the
/// shot without it, and it does not leave over the border) it fades over three frames.
std::vector<float> OpacitiesOf(const std::vector<float>& yaws, const FadeLimits& limits, bool open_start, bool open_end);

}  // namespace reelswap
