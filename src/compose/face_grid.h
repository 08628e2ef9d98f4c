#pragma once

#include <opencv2/core.hpp>

#include "compose/face_outline.h"
#include "core/faces.h"

namespace reelswap {

/// A face's surroundings at a coarse, fixed size in the crop's own coordinates: what is learnt there (colours, the way
/// into the neighbourhood) costs the same for a face of 100 px and of 1000.
struct FaceGrid {
  cv::Mat original;  ///< cells x cells, CV_8UC3: means of the frame's pixels; 0 outside of the picture
  cv::Mat seen;      ///< CV_8UC1: 255 in the picture
  cv::Mat distance;  ///< CV_32FC1: frame px to the outline's edge, negative outside
  float cell_px = 0; ///< frame px
};

/// Samples the grid. crop_size: px of a side of the crop that face_from_frame leads to. Only cells within the outline
/// and `margin_px` around it are read from the frame. Thread-safe.
FaceGrid PutOnGrid(const cv::Mat& original_bgr, const cv::Rect& roi, const cv::Matx23f& face_from_frame, int crop_size,
                   const FaceOutline& outline, int cells, float margin_px);

/// Frame's pixels at crop coordinates: cells x cells means over squares of cell_px_crop crop px, the first one centred
/// at (first, first). CV_8UC3; outside of the region its border pixels. Thread-safe.
cv::Mat SampleInCrop(const cv::Mat& original_bgr, const cv::Rect& roi, const cv::Matx23f& face_from_frame,
                     cv::Point2f first, float cell_px_crop, int cells);

}  // namespace reelswap
