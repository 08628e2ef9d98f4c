#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <vector>

#include "core/faces.h"
#include "core/frame.h"

namespace reelswap {

/// The mean of the 51 inner landmarks (iBUG 17..67) in the unit square, measured by us over
/// our detector's landmarks (how: mean_face.cpp), mirror-symmetric about x = 0.5.
const std::array<cv::Point2f, 51>& MeanFace();

/// Least-squares similarity (rotation, uniform scale, translation) that maps `from` onto `to`
/// (Umeyama 1991, without reflection). Throws std::invalid_argument on fewer than 2 points or sizes that differ.
cv::Matx23f SimilarityTransform(const std::vector<cv::Point2f>& from, const std::vector<cv::Point2f>& to);

/// Frame px -> crop px of `geometry` for these landmarks.
cv::Matx23f FaceFromFrame(const Landmarks& landmarks, const CropGeometry& geometry);

/// Crop px of `from` -> crop px of `to`, for two geometries of the same face.
cv::Matx23f CropFromCrop(const CropGeometry& from, const CropGeometry& to);

/// Cuts the crop: S x S CV_8UC3 BGR, borders replicated, area-filtered when shrinking.
/// Only the region of the frame that is needed is converted. Thread-safe.
AlignedFace AlignFace(const Frame& frame, const DetectedFace& face, const CropGeometry& geometry);
/// The same from a BGR photo.
AlignedFace AlignFace(const cv::Mat& bgr, const DetectedFace& face, const CropGeometry& geometry);

/// The same without pose and sharpness (0), which cost more than the crop: for a caller that does not need them.
AlignedFace CutFace(const Frame& frame, const DetectedFace& face, const CropGeometry& geometry);

/// Pose by solvePnP of 14 rigid landmarks against a 3-D mean head; pinhole with focal length = frame width.
HeadPose EstimatePose(const Landmarks& landmarks, cv::Size frame_size);

/// Variance of the Laplacian of the inner face as gray at 128 px; see kBlurredBelow.
float MeasureSharpness(const cv::Mat& crop_bgr, const CropGeometry& geometry);

/// Below this a face is called blurred where the user names no limit. Faces of 60 to 80 px in webcam
/// footage (smallest, 5 %, median, 95 %): 3.6, 4.1, 6.9, 19; the same blurred by 1 px: 2.5, 2.7, 3.6,
/// 5.6; by 1.5 px: 2.3, 2.4, 2.7, 3.5. Large sharp faces reach some hundred.
inline constexpr float kBlurredBelow = 3.5f;

}  // namespace reelswap
