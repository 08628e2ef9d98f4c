#pragma once

// Private to src/measure.

#include <opencv2/core.hpp>

namespace reelswap {

/// Throws std::invalid_argument naming `name` unless it is CV_8UC3 and of this size.
void RequirePicture(const cv::Mat& picture, cv::Size size, const char* name);
/// Throws std::invalid_argument unless it is CV_8UC1, of this size and counts at least one pixel.
void RequireMask(const cv::Mat& mask, cv::Size size);

/// The mask's bounding box grown by `margin` px, clipped to the picture.
cv::Rect RegionOf(const cv::Mat& mask, int margin);

}  // namespace reelswap
