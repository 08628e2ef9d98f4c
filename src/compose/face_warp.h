#pragma once

#include <opencv2/core.hpp>

namespace reelswap {

/// Grid px -> px of a picture `scale` times as large, centres on centres.
cv::Matx23f ScaledFromGrid(float scale);

/// A crop's pixels per pixel of the frame: below 1 the crop is enlarged when it is pasted.
float CropPxPerFramePx(const cv::Matx23f& face_from_frame);

/// A face where it belongs in a region of the frame.
struct WarpedFace {
  cv::Mat bgr;   ///< CV_8UC3; the original's pixels where the mask is 0
  cv::Mat mask;  ///< CV_8UC1
};

/// Warps a crop into the region wherever `mask` is above 0, and nowhere else. Shrinking averages first, so that small
/// faces do not shimmer; enlarging interpolates cubically where it costs least, on the crop, and then linearly.
/// bgr: S x S CV_8UC3; alpha: S x S CV_8UC1 that is warped along and multiplies the mask, or empty; mask: region's size,
/// CV_8UC1, 0 wherever the crop has no pixels; original_bgr: the region's pixels. Thread-safe, same bytes on every machine.
WarpedFace WarpUnderMask(const cv::Mat& bgr, const cv::Mat& alpha, const cv::Matx23f& face_from_frame,
                         const cv::Rect& roi, const cv::Mat& original_bgr, cv::Mat mask);

}  // namespace reelswap
