#include "face/head_pose.h"

#include <algorithm>
#include <cmath>
#include <opencv2/calib3d.hpp>
#include <stdexcept>
#include <vector>

#include "face/align.h"

namespace reelswap {
namespace {

constexpr double kDegrees = 180 / CV_PI;

/// Angles of R = Rz(roll) Ry(-yaw) Rx(-pitch): the head nods, then turns, then tilts in the picture.
HeadPose PoseOf(const cv::Matx33d& r) {
  HeadPose pose;
  pose.yaw = static_cast<float>(std::asin(std::clamp(r(2, 0), -1.0, 1.0)) * kDegrees);
  pose.pitch = static_cast<float>(-std::atan2(r(2, 1), r(2, 2)) * kDegrees);
  pose.roll = static_cast<float>(std::atan2(r(1, 0), r(0, 0)) * kDegrees);
  return pose;
}

}  // namespace

const std::array<cv::Point3f, kRigidCount>& MeanHead() {
  // Widths: the landmarks of the mean face (mean_face.cpp) where the outer eye corners are 90 mm apart,
  // an adult's mean. Heights: between those of the mean face, whose people hold their heads a little
  // up, and anthropometric means. Depths: anthropometric means, rounded; the nose tip stands 35 mm in
  // front of the outer eye corners and 14 mm in front of its base.
  static const std::array<cv::Point3f, kRigidCount> head = {{
      {-45, 0, 0}, {-19, 1, -7}, {19, 1, -7}, {45, 0, 0},        // eye corners
      {0, -3, -18}, {0, 9, -23}, {0, 21, -29}, {0, 32, -35},     // bridge to tip
      {-15, 43, -17}, {0, 47, -21}, {15, 43, -17},               // nostrils and nose base
      {-26, 69, -13}, {26, 69, -13},                             // mouth corners
      {0, 112, -9},                                              // chin
  }};
  return head;
}

HeadPose EstimatePose(const Landmarks& landmarks, cv::Size frame_size) {
  if (frame_size.empty()) throw std::invalid_argument("EstimatePose needs the size of the frame");
  std::vector<cv::Point2f> seen;
  for (const int i : kRigidLandmarks) seen.push_back(landmarks[i]);
  const double focal = frame_size.width;
  const cv::Point2d centre((frame_size.width - 1) / 2.0, (frame_size.height - 1) / 2.0);
  const cv::Matx33d camera(focal, 0, centre.x, 0, focal, centre.y, 0, 0, 1);

  // Start from an upright face in the line of sight, tilted as the eyes are, at the distance that
  // the longer of two spans says: the solver then never lands on the mirrored solution behind the camera.
  const cv::Point2d eyes = landmarks[45] - landmarks[36];
  const cv::Point2d middle = 0.5 * cv::Point2d(landmarks[45] + landmarks[36]);
  const cv::Point2d down = cv::Point2d(landmarks[8]) - middle;
  const double mm_per_px = std::min(90 / std::max(1.0, std::hypot(eyes.x, eyes.y)),
                                    112 / std::max(1.0, std::hypot(down.x, down.y)));
  const double distance = focal * mm_per_px;
  cv::Vec3d rotation(0, 0, std::atan2(-down.x, down.y));
  cv::Vec3d translation((middle.x - centre.x) * mm_per_px, (middle.y - centre.y) * mm_per_px, distance);
  cv::solvePnP(MeanHead(), seen, camera, cv::noArray(), rotation, translation, true, cv::SOLVEPNP_ITERATIVE);
  cv::Matx33d r;
  cv::Rodrigues(rotation, r);
  return PoseOf(r);
}

}  // namespace reelswap
