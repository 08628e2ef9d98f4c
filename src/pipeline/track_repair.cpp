#include "pipeline/track_repair.h"

#include <algorithm>
#include <cmath>

#include "pipeline/track_shape.h"

namespace reelswap {
namespace {

constexpr int kAround = 8;             // frames to either side that tell what motion is usual
constexpr double kLeastJump = 0.12;    // of the eyes' distance: three times what a detector jitters at its worst
constexpr double kUnusual = 4;         // times the usual change of motion
constexpr int kMotionOver = 3;         // frames over which a face's motion beside a jump is measured
constexpr double kComesBack = 0.5;     // of the jump: more than that away from where it began, it moved on

/// Median over the landmarks of how far they lie from where even motion from a to b would have put them, in units of the
/// eyes' distance. share: 0 = at a, 1 = at b.
double AwayFrom(const DetectedFace& face, const DetectedFace& a, const DetectedFace& b, float share) {
  std::array<double, kLandmarkCount> away;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const cv::Point2f expected = a.landmarks[i] * (1 - share) + b.landmarks[i] * share;
    away[i] = cv::norm(face.landmarks[i] - expected);
  }
  std::nth_element(away.begin(), away.begin() + kLandmarkCount / 2, away.end());
  return away[kLandmarkCount / 2] / (0.5 * (EyeDistance(a.landmarks) + EyeDistance(b.landmarks)));
}

/// Where `face` would be if what it did since `earlier` went on for `share` of that time.
DetectedFace MovedOn(const DetectedFace& face, const DetectedFace& earlier, float share) {
  DetectedFace moved = face;
  for (int i = 0; i < kLandmarkCount; ++i) moved.landmarks[i] += (face.landmarks[i] - earlier.landmarks[i]) * share;
  return moved;
}

/// Between the two frames around [first, end); extrapolated by nobody: both exist.
void PutBetween(std::vector<TrackPoint>& points, int first, int end) {
  const TrackShape before = ShapeOf(points[first - 1].face), after = ShapeOf(points[end].face);
  for (int t = first; t < end; ++t) {
    const double share = static_cast<double>(t - first + 1) / (end - first + 1);
    DetectedFace like = share < 0.5 ? points[first - 1].face : points[end].face;
    like.score = 0;
    points[t].face = FaceOf(Between(before, after, share), like);
  }
}

/// How much a frame departs from even motion between its neighbours; -1 where it has none.
std::vector<double> Departures(const std::vector<TrackPoint>& points) {
  std::vector<double> departures(points.size(), -1);
  for (size_t t = 1; t + 1 < points.size(); ++t) {
    if (!points[t - 1].present || !points[t].present || !points[t + 1].present) continue;
    departures[t] = AwayFrom(points[t].face, points[t - 1].face, points[t + 1].face, 0.5f);
  }
  return departures;
}

/// What departure is usual around [first, end): the median of those near, without the jump and its neighbours.
double UsualAround(const std::vector<double>& departures, int first, int end) {
  std::vector<double> near;
  const int from = std::max(0, first - kAround), to = std::min(static_cast<int>(departures.size()), end + kAround);
  for (int t = from; t < to; ++t) {
    if ((t < first - 1 || t > end) && departures[t] >= 0) near.push_back(departures[t]);
  }
  if (near.empty()) return 0;
  std::nth_element(near.begin(), near.begin() + near.size() / 2, near.end());
  return near[near.size() / 2];
}

bool IsJump(const std::vector<TrackPoint>& points, const std::vector<double>& departures, int first, int end) {
  for (int t = first - 1; t <= end; ++t) {
    if (!points[t].present || points[t].filled) return false;
  }
  const DetectedFace &before = points[first - 1].face, &after = points[end].face;
  double least = 1e9;
  for (int t = first; t < end; ++t) {
    const float share = static_cast<float>(t - first + 1) / static_cast<float>(end - first + 1);
    least = std::min(least, AwayFrom(points[t].face, before, after, share));
  }
  if (least < std::max(kLeastJump, kUnusual * UsualAround(departures, first, end))) return false;
  // Steps in and out are each as large as the jump: a face that swings swings on in the frames between.
  const double in = AwayFrom(points[first].face, before, before, 0), out = AwayFrom(points[end - 1].face, after, after, 0);
  // It comes back to where it was or would be by now, as it moved before or moves after.
  double beside = AwayFrom(after, before, before, 0);
  const int steps = end - first + 1;
  if (const int from = first - 1 - kMotionOver; from >= 0 && points[from].present) {
    const DetectedFace expected = MovedOn(before, points[from].face, static_cast<float>(steps) / kMotionOver);
    beside = std::min(beside, AwayFrom(after, expected, expected, 0));
  }
  if (const int from = end + kMotionOver; from < static_cast<int>(points.size()) && points[from].present) {
    const DetectedFace expected = MovedOn(after, points[from].face, static_cast<float>(steps) / kMotionOver);
    beside = std::min(beside, AwayFrom(before, expected, expected, 0));
  }
  return beside < kComesBack * std::min(in, out);
}

}  // namespace

void FillGaps(std::vector<TrackPoint>& points, int most) {
  const int n = static_cast<int>(points.size());
  for (int t = 1; t < n; ++t) {
    if (points[t].present || !points[t - 1].present) continue;
    int end = t;
    while (end < n && !points[end].present) ++end;
    if (end < n && end - t <= most) {
      PutBetween(points, t, end);
      for (int k = t; k < end; ++k) points[k].present = points[k].filled = true;
    }
    t = end;
  }
}

void RepairJumps(std::vector<TrackPoint>& points) {
  const int n = static_cast<int>(points.size());
  const std::vector<double> departures = Departures(points);
  std::vector<bool> jumps(n, false);  // judged by what was found, never by what was repaired: the order does not matter
  for (int length = 1; length <= kLongestJump; ++length) {
    for (int first = 1; first + length < n; ++first) {
      if (!IsJump(points, departures, first, first + length)) continue;
      std::fill_n(jumps.begin() + first, length, true);
    }
  }
  for (int t = 1; t < n; ++t) {
    if (!jumps[t]) continue;
    int end = t;
    while (end < n && jumps[end]) ++end;
    if (end == n) break;
    PutBetween(points, t, end);
    for (int k = t; k < end; ++k) points[k].repaired = true;
    t = end;
  }
}

}  // namespace reelswap
