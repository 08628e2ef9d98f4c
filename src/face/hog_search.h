#pragma once

// Private to src/face.

#include <opencv2/core.hpp>
#include <vector>

#include "face/hog_features.h"

namespace reelswap {

/// A box the HOG filters answered to.
struct HogHit {
  cv::Rect2f box;   ///< px in the searched picture, may reach over its border
  float score = 0;  ///< answer minus the filters' own threshold; 0 is dlib's working point
};

/// Searches with dlib's frontal face filters (an 80 px window) over a pyramid that shrinks by 5/6 a
/// level. The same answers as dlib's own detector (equal on the first level; further levels are
/// resampled by OpenCV) in half of the time. Not thread-safe.
class HogSearch {
 public:
  /// levels: most pyramid levels that are searched; 0 = down to the window's own size.
  explicit HogSearch(int levels = 0);

  /// gray: CV_8UC1. Hits with a score of at least `threshold`, best first, overlapping ones thinned.
  std::vector<HogHit> Search(const cv::Mat& gray, float threshold);

 private:
  void SearchLevel(cv::Point2d picture_per_level_px, float threshold);

  int levels_;
  HogFeatures features_;
  std::vector<float> scratch_, scores_;
  std::vector<HogHit> found_;
};

}  // namespace reelswap
