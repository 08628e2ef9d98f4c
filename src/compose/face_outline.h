#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "core/faces.h"

namespace reelswap {

/// Which part of a crop is pasted.
enum class OutlineShape {
  kHull,    ///< hull of all landmarks, raised over the brows
  kInner,   ///< hull of brows, eyes, nose and mouth, widened so that they lie wholly inside a soft edge; within kHull
  kSquare   ///< the whole crop
};

/// The part of a frame that a face may cover, cut to the crop square. A convex polygon, so that distances to its edge
/// are cheap and exact.
struct FaceOutline {
  std::vector<cv::Point2f> corners;  ///< frame px, convex; empty when hull and square do not meet
  float face_width = 0;              ///< px: square root of the uncut hull's area (steady under rotation)
};

/// Raises the brows by brow_raise times the eye-to-brow distance (per side, away from the eye) and
/// cuts the hull to the crop square less its outermost pixels, so that no crop border can show. margin: of kInner,
/// share of the face's width by which the inner hull is widened.
/// Mirrored transforms are fine. Throws std::invalid_argument for values that are not finite, a
/// transform that cannot be inverted, crop_size < 4 or a negative brow_raise. Thread-safe.
FaceOutline OutlineOfFace(const cv::Matx23f& face_from_frame, int crop_size, const Landmarks& landmarks,
                          float brow_raise, OutlineShape shape = OutlineShape::kHull, float margin = 0);

/// Distance (frame px, CV_32FC1) of each grid point to the polygon's edge: exact inside, negative
/// outside. frame_from_grid maps the centre of grid pixel (x, y) to frame px. Thread-safe.
/// The function is concave, so linear interpolation between its samples never reports a point
/// outside the polygon as inside.
cv::Mat DistanceInside(const std::vector<cv::Point2f>& corners, const cv::Matx23f& frame_from_grid,
                       cv::Size grid);

/// Soft mask of a region (CV_8UC1, roi's size): 0 outside the polygon and in the outer `erosion_px`
/// of its inside, rising smoothly to 255 over the next `feather_px` (at least 1). Thread-safe.
cv::Mat FeatheredMask(const std::vector<cv::Point2f>& corners, const cv::Rect& roi, float erosion_px,
                      float feather_px);

/// Affine maps as 2 x 3 matrices: `outer` after `inner`.
cv::Matx23f Chain(const cv::Matx23f& outer, const cv::Matx23f& inner);

/// Inverse of an affine map. Throws std::invalid_argument when there is none.
cv::Matx23f Inverted(const cv::Matx23f& map);

}  // namespace reelswap
