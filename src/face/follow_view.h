#pragma once

// Private to src/face.

#include <opencv2/core.hpp>

namespace reelswap {

/// What surrounds a box (grown by its own size on every side), shrunk so that the face has 64 px: what a
/// CorrelationFollower sees.
struct FollowView {
  cv::Mat image;       ///< CV_8UC1; empty where the surroundings lie outside of the frame
  cv::Point2f origin;  ///< px in frame
  float scale = 1;     ///< px of image per px in frame

  FollowView(const cv::Mat& luma, const cv::Rect2f& box);
  cv::Rect2f FromFrame(const cv::Rect2f& r) const {
    return {(r.x - origin.x) * scale, (r.y - origin.y) * scale, r.width * scale, r.height * scale};
  }
  cv::Rect2f ToFrame(const cv::Rect2f& r) const {
    return {r.x / scale + origin.x, r.y / scale + origin.y, r.width / scale, r.height / scale};
  }
};

}  // namespace reelswap
