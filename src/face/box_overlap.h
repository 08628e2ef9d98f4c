#pragma once

#include <opencv2/core.hpp>

namespace reelswap {

/// Intersection over union of two boxes, 0..1.
inline float BoxOverlap(const cv::Rect2f& a, const cv::Rect2f& b) {
  const float both = (a & b).area();
  const float either = a.area() + b.area() - both;
  return either > 0 ? both / either : 0.0f;
}

}  // namespace reelswap
