#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "face/align.h"
#include "pipeline/track_shape.h"
#include "pipeline/video_analysis_file.h"

namespace reelswap::testing {

/// Where a made-up face is and what it does.
struct FakePose {
  double x = 320, y = 200;  ///< px, between the eyes
  double eyes = 60;         ///< px between the outer eye corners
  double tilt = 0;          ///< radians, clockwise
  double yaw = 0;           ///< degrees, as HeadPose::yaw
  double blink = 0;         ///< 0 open .. 1 shut
};

/// A face with the mean face's inner landmarks, a jaw and some depth, seen from far away.
inline DetectedFace MakeFace(const FakePose& pose) {
  const auto& mean = MeanFace();
  const double unit = cv::norm(mean[45 - 17] - mean[36 - 17]);
  const cv::Point2d middle = 0.5 * (cv::Point2d(mean[36 - 17]) + cv::Point2d(mean[45 - 17]));
  const double turn = pose.yaw * CV_PI / 180;
  DetectedFace face;
  cv::Point2d low(1e9, 1e9), high(-1e9, -1e9);
  for (int i = 0; i < kLandmarkCount; ++i) {
    cv::Point2d p;
    double depth = -0.1;  // towards the camera is negative, in eye distances
    if (i < 17) {
      const double angle = CV_PI * (16 - i) / 16;
      p = {0.85 * std::cos(angle), 0.15 + 1.15 * std::sin(angle)};
      depth = 0.55 - 0.6 * std::sin(angle);
    } else {
      p = (cv::Point2d(mean[i - 17]) - middle) * (1 / unit);
      if (i >= 27 && i <= 30) depth = -0.2 - 0.19 * (i - 27) / 3.0;
      if (i >= 31 && i <= 35) depth = -0.21;
      if (i == 36 || i == 45) depth = 0;
    }
    if ((i == 37 || i == 38 || i == 43 || i == 44)) p.y += 0.1 * pose.blink;
    const cv::Point2d turned(p.x * std::cos(turn) - depth * std::sin(turn), p.y);
    const cv::Point2d placed(pose.x + pose.eyes * (std::cos(pose.tilt) * turned.x - std::sin(pose.tilt) * turned.y),
                             pose.y + pose.eyes * (std::sin(pose.tilt) * turned.x + std::cos(pose.tilt) * turned.y));
    face.landmarks[i] = placed;
    low = {std::min(low.x, placed.x), std::min(low.y, placed.y)};
    high = {std::max(high.x, placed.x), std::max(high.y, placed.y)};
  }
  face.box = cv::Rect2f(cv::Point2f(low), cv::Point2f(high));
  face.score = 1;
  return face;
}

/// The same with every landmark off by noise of `share` of the eyes' distance.
class Jitter {
 public:
  explicit Jitter(uint32_t seed) : random_(seed) {}
  DetectedFace Add(DetectedFace face, double share) {
    const double sigma = share * EyeDistance(face.landmarks);
    for (cv::Point2f& p : face.landmarks) p += cv::Point2f(normal_(random_) * sigma, normal_(random_) * sigma);
    return face;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<float> normal_;
};

/// Faces of a frame by its number.
using FakeScene = std::function<std::vector<TrackedFace>(int64_t)>;

inline TrackedFace Tracked(int64_t track, const DetectedFace& face) {
  TrackedFace tracked;
  tracked.track = track;
  tracked.face = face;
  return tracked;
}

}  // namespace reelswap::testing
