#pragma once

#include <opencv2/core.hpp>

namespace reelswap {

/// What a network gives back for one crop.
struct SwappedCrop {
  cv::Mat image;  ///< CV_8UC3 BGR
  cv::Mat mask;   ///< CV_8UC1 of image's size, 255 where the face is; empty where the architecture draws none
};

}  // namespace reelswap
