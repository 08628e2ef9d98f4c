#pragma once

// Private to src/face.

#include <opencv2/core.hpp>
#include <vector>

#include "face/luma_grid.h"

namespace reelswap {

/// Remembers what every part of the picture looked like when it was last searched for faces, so that only what has
/// changed since needs to be searched again; and every second time only where hands move or trees rustle.
class NewcomerWatch {
 public:
  /// Where to search now, px; empty where nothing changed. `explained`: boxes of known faces, whose heads are left
  /// out. face_size: px of the smallest face that must be found.
  std::vector<cv::Rect> Changed(const LumaGrid& now, const std::vector<cv::Rect2f>& explained, int face_size) const;
  /// These parts have been searched.
  void Searched(const LumaGrid& now, const std::vector<cv::Rect>& parts);
  /// All of it has.
  void SearchedAll(const LumaGrid& now);

 private:
  cv::Mat then_;     ///< CV_8UC1
  cv::Mat resting_;  ///< CV_8UC1, not 0 where the search before had been in vain
};

}  // namespace reelswap
