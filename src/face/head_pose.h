#pragma once

// Private to src/face.

#include <array>
#include <opencv2/core.hpp>

namespace reelswap {

inline constexpr int kRigidCount = 14;

/// Landmarks that expression moves little: eye corners, nose, mouth corners, chin.
inline constexpr std::array<int, kRigidCount> kRigidLandmarks = {36, 39, 42, 45, 27, 28, 29, 30, 31, 33, 35, 48, 54, 8};

/// Their places on a mean head, mm: x to the picture's right, y down, z away from the camera,
/// origin midway between the outer eye corners. Mirror-symmetric.
const std::array<cv::Point3f, kRigidCount>& MeanHead();

}  // namespace reelswap
