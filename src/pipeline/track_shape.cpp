#include "pipeline/track_shape.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "face/align.h"

namespace reelswap {
namespace {

constexpr int kFirstInner = 17;  // MeanFace() begins with landmark 17
// What expression moves little and every pose shows: eye corners, nose, mouth corners.
constexpr std::array<int, 15> kSteady = {36, 39, 42, 45, 27, 28, 29, 30, 31, 32, 33, 34, 35, 48, 54};

/// The mean face's steady points in units of its outer eye corners' distance, their mean at the origin.
struct SteadyFace {
  std::array<cv::Point2d, kSteady.size()> points;
  double squares = 0;  ///< sum of squared lengths
  SteadyFace() {
    const auto& mean = MeanFace();
    const double unit = cv::norm(mean[45 - kFirstInner] - mean[36 - kFirstInner]);
    cv::Point2d centre;
    for (size_t i = 0; i < kSteady.size(); ++i) {
      points[i] = cv::Point2d(mean[kSteady[i] - kFirstInner]) * (1 / unit);
      centre += points[i] * (1.0 / kSteady.size());
    }
    for (cv::Point2d& p : points) p -= centre, squares += p.dot(p);
  }
};

cv::Point2d Turned(const cv::Point2d& p, double cosine, double sine) {
  return {cosine * p.x - sine * p.y, sine * p.x + cosine * p.y};
}

}  // namespace

TrackShape ShapeOf(const DetectedFace& face) {
  static const SteadyFace steady;
  TrackShape shape;
  for (const int i : kSteady) shape.centre += cv::Point2d(face.landmarks[i]) * (1.0 / kSteady.size());
  // In the plane the least-squares similarity is a complex number (Umeyama 1991).
  double along = 0, across = 0;
  for (size_t i = 0; i < kSteady.size(); ++i) {
    const cv::Point2d seen = cv::Point2d(face.landmarks[kSteady[i]]) - shape.centre;
    along += steady.points[i].dot(seen);
    across += steady.points[i].cross(seen);
  }
  const double scale = std::max(std::hypot(along, across) / steady.squares, 1e-3);  // px; faces on one point have none
  shape.log_scale = std::log(scale);
  shape.angle = std::atan2(across, along);
  const double cosine = std::cos(shape.angle) / scale, sine = -std::sin(shape.angle) / scale;
  for (int i = 0; i < kLandmarkCount; ++i) {
    shape.points[i] = Turned(cv::Point2d(face.landmarks[i]) - shape.centre, cosine, sine);
  }
  const cv::Point2d box_centre(face.box.x + face.box.width / 2.0, face.box.y + face.box.height / 2.0);
  shape.points[kLandmarkCount] = Turned(box_centre - shape.centre, cosine, sine);
  shape.points[kLandmarkCount + 1] = {face.box.width / (2 * scale), face.box.height / (2 * scale)};
  return shape;
}

DetectedFace FaceOf(const TrackShape& shape, const DetectedFace& like) {
  DetectedFace face = like;
  const double scale = std::exp(shape.log_scale);
  const double cosine = std::cos(shape.angle) * scale, sine = std::sin(shape.angle) * scale;
  for (int i = 0; i < kLandmarkCount; ++i) {
    face.landmarks[i] = cv::Point2f(shape.centre + Turned(shape.points[i], cosine, sine));
  }
  const cv::Point2d centre = shape.centre + Turned(shape.points[kLandmarkCount], cosine, sine);
  const cv::Point2d half = shape.points[kLandmarkCount + 1] * scale;
  face.box = cv::Rect2f(cv::Point2f(centre - half), cv::Point2f(centre + half));
  return face;
}

double NearestTurn(double angle, double reference) { return reference + std::remainder(angle - reference, 2 * CV_PI); }

TrackShape Between(const TrackShape& a, const TrackShape& b, double share) {
  const auto mix = [&](const auto& x, const auto& y) { return x * (1 - share) + y * share; };
  TrackShape shape;
  shape.centre = mix(a.centre, b.centre);
  shape.log_scale = mix(a.log_scale, b.log_scale);
  shape.angle = mix(a.angle, NearestTurn(b.angle, a.angle));
  for (int i = 0; i < kShapePoints; ++i) shape.points[i] = mix(a.points[i], b.points[i]);
  return shape;
}

double EyeDistance(const Landmarks& landmarks) { return std::max(1.0, cv::norm(landmarks[45] - landmarks[36])); }

}  // namespace reelswap
