#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

/// What a pixel of a rendered picture shows.
enum class SurfaceLabel : uint8_t {
  kBackground = 0,
  kSkin = 1,  ///< face, scalp and lips
  kHair = 2,
  kBody = 3,  ///< neck and clothes
  kGlasses = 4,
  kEye = 5,
  kMouthInside = 6,
  kEar = 7,
};
inline constexpr int kSurfaceLabelCount = 8;

/// A picture with its truth.
struct RenderedFrame {
  cv::Mat image;   ///< CV_8UC3 BGR
  cv::Mat labels;  ///< CV_8UC1 of SurfaceLabel, by most of the pixel's samples
  /// px in the picture, iBUG order; (0, 0) is the upper left corner of the upper left pixel, so the
  /// pixel that shows a point has its floored coordinates. Also given where hair or nose hide it.
  Landmarks landmarks{};
  /// Same points in the world: cm, x right, y up, camera at (0, 0, scene.distance) looking along -z.
  std::array<cv::Point3f, kLandmarkCount> landmarks_3d{};
};

}  // namespace reelswap
