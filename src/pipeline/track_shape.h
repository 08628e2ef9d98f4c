#pragma once

#include <array>
#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

/// Landmarks and the box, as points: centre and (width, height) / 2 of the box come last.
inline constexpr int kShapePoints = kLandmarkCount + 2;
using ShapePoints = std::array<cv::Point2d, kShapePoints>;

/// A face as where it is and what it looks like there: frame = place(shape). What moves with the head lies in the
/// place, what moves in the face (and how the head turns) in the shape; both are smooth in time where the picture is.
struct TrackShape {
  cv::Point2d centre;    ///< px of the frame: the point midway between eyes and mouth
  double log_scale = 0;  ///< ln of px per unit; the outer eye corners are about 1 unit apart
  double angle = 0;      ///< radians, clockwise in the picture
  ShapePoints points;    ///< units; the box's half size is in units, too, and not turned
};

/// The place is the least-squares similarity of eye corners, nose and mouth corners to the mean face.
TrackShape ShapeOf(const DetectedFace& face);
/// Back again; score as in `like`.
DetectedFace FaceOf(const TrackShape& shape, const DetectedFace& like);

/// The angle's turn nearest to `reference`.
double NearestTurn(double angle, double reference);
/// (1 - share) * a + share * b, point by point.
TrackShape Between(const TrackShape& a, const TrackShape& b, double share);

/// Distance of the outer eye corners, px; at least 1.
double EyeDistance(const Landmarks& landmarks);

}  // namespace reelswap
