#pragma once

#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

/// The smallest upright box around the landmarks, px of the frame.
cv::Rect2f BoxOf(const Landmarks& landmarks);

/// How far `now` lies from where its neighbours in time put it, mean over landmarks, thousandths of the face's size
/// (the box's mean side): 0 for a face at rest or in even motion. Negative where it is not finite.
float Restlessness(const Landmarks& before, const Landmarks& now, const Landmarks& after);

}  // namespace reelswap
