#pragma once

// Private to src/face.

#include <opencv2/core.hpp>

namespace reelswap {

/// A frame as means of square blocks: enough to see cuts and what has changed.
struct LumaGrid {
  cv::Mat means;  ///< CV_8UC1, one a block
  int block = 1;  ///< px, a power of two
  cv::Size picture;
};

/// luma: CV_8UC1. About six blocks across a face of `face_size` px. Of large blocks two rows are looked at.
LumaGrid MakeLumaGrid(const cv::Mat& luma, int face_size);

}  // namespace reelswap
