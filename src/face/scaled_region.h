#pragma once

// Private to src/face.

#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

/// Part of a picture at another size, and the way back.
struct ScaledRegion {
  cv::Mat image;             ///< CV_8UC1
  cv::Point2d origin;        ///< px of the picture
  cv::Point2d per_px{1, 1};  ///< picture px per px of image

  /// A pixel's index names its centre, so a resize moves indices by half a px on either side.
  cv::Point2f ToPicture(cv::Point2f p) const {
    return {static_cast<float>((p.x + 0.5) * per_px.x - 0.5 + origin.x),
            static_cast<float>((p.y + 0.5) * per_px.y - 0.5 + origin.y)};
  }
  cv::Point2f FromPicture(cv::Point2f p) const {
    return {static_cast<float>((p.x - origin.x + 0.5) / per_px.x - 0.5),
            static_cast<float>((p.y - origin.y + 0.5) / per_px.y - 0.5)};
  }
  cv::Rect2f ToPicture(const cv::Rect2f& r) const {
    return {static_cast<float>(r.x * per_px.x + origin.x), static_cast<float>(r.y * per_px.y + origin.y),
            static_cast<float>(r.width * per_px.x), static_cast<float>(r.height * per_px.y)};
  }
  cv::Rect2f FromPicture(const cv::Rect2f& r) const {
    return {static_cast<float>((r.x - origin.x) / per_px.x), static_cast<float>((r.y - origin.y) / per_px.y),
            static_cast<float>(r.width / per_px.x), static_cast<float>(r.height / per_px.y)};
  }
};

/// luma: CV_8UC1; region inside of it and not empty. Area averaging where it shrinks much, else bilinear.
ScaledRegion Scale(const cv::Mat& luma, const cv::Rect& region, double scale);

/// `box` grown by `share` of its size on every side, clipped to the picture; may be empty.
cv::Rect GrownRegion(const cv::Rect2f& box, float share, cv::Size picture);

/// What the landmark finder needs to see of the face in `box`: its surroundings, with a face of at most 200 px.
/// Throws std::invalid_argument unless the box has an area and its surroundings touch the picture.
ScaledRegion LandmarkView(const cv::Mat& luma, const cv::Rect2f& box);

/// The surroundings of a tilted face, turned upright.
struct UprightView {
  cv::Mat image;                   ///< CV_8UC1, square
  cv::Rect2f box;                  ///< of the face, px of image
  cv::Matx23f picture_from_image;  ///< px
  cv::Point2f ToPicture(cv::Point2f p) const {
    const auto& m = picture_from_image;
    return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
  }
  /// An upright box of the same size about the same place.
  cv::Rect2f ToPicture(const cv::Rect2f& r) const;
};

/// The face in `box`, tilted by `roll` radians (> 0 clockwise), with a face of 200 px. What lies outside of the picture
/// is black. Throws std::invalid_argument as LandmarkView does.
UprightView TurnUpright(const cv::Mat& luma, const cv::Rect2f& box, float roll);

}  // namespace reelswap
