#pragma once

#include <cmath>
#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

// Where things of a frame lie in a crop of its face, and the like. map: px of one -> px of the other, a similarity.

inline cv::Point2f Moved(const cv::Matx23f& map, const cv::Point2f& p) {
  return {map(0, 0) * p.x + map(0, 1) * p.y + map(0, 2), map(1, 0) * p.x + map(1, 1) * p.y + map(1, 2)};
}

inline Landmarks Moved(const cv::Matx23f& map, Landmarks landmarks) {
  for (cv::Point2f& point : landmarks) point = Moved(map, point);
  return landmarks;
}

/// The detector's box, upright there as well: its centre and size follow the similarity.
inline cv::Rect2f Moved(const cv::Matx23f& map, const cv::Rect2f& box) {
  const cv::Point2f centre = Moved(map, cv::Point2f(box.x + box.width / 2, box.y + box.height / 2));
  const float scale = std::hypot(map(0, 0), map(1, 0));
  return {centre.x - box.width * scale / 2, centre.y - box.height * scale / 2, box.width * scale, box.height * scale};
}

}  // namespace reelswap
