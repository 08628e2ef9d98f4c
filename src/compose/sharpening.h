#pragma once

#include <opencv2/core.hpp>

namespace reelswap {

/// How strongly a crop must be sharpened for its fine detail to be as strong as the frame's at the same scale: 0 .. 1.2,
/// 0 where the crop is as sharp already. Both windows CV_8UC3 of one size, showing the same part of the face at the crop's
/// scale. Edges count no more than texture, brightness does not count. Thread-safe.
float MeasureSharpening(const cv::Mat& original_window, const cv::Mat& crop_window);

/// The crop (CV_8UC3) with its finest detail raised by `strength`; no pixel leaves the range of its neighbours by more
/// than a few levels, so edges get no halo. The crop itself for 0. Thread-safe.
cv::Mat Sharpened(const cv::Mat& crop, float strength);

}  // namespace reelswap
