#include "compose/face_outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

using Polygon = std::vector<cv::Point2f>;

// a * x + b * y + c: signed distance to one edge, positive on the polygon's side.
struct HalfPlane {
  float a = 0, b = 0, c = 0;
  float At(cv::Point2f p) const { return a * p.x + b * p.y + c; }
};

cv::Point2f Apply(const cv::Matx23f& map, cv::Point2f p) {
  return {map(0, 0) * p.x + map(0, 1) * p.y + map(0, 2), map(1, 0) * p.x + map(1, 1) * p.y + map(1, 2)};
}

cv::Point2f MeanOf(const Landmarks& landmarks, int first, int last) {
  cv::Point2f sum(0, 0);
  for (int i = first; i <= last; ++i) sum += landmarks[i];
  return sum * (1.0f / static_cast<float>(last - first + 1));
}

// iBUG order: brows 17-21 and 22-26, the eyes below them 36-41 and 42-47. The hull of landmarks `first` and later.
Polygon RaisedHull(const Landmarks& landmarks, float brow_raise, int first) {
  Polygon points(landmarks.begin() + first, landmarks.end());
  const auto raise = [&](int brow_first, int brow_last, int eye_first, int eye_last) {
    const cv::Point2f up =
        (MeanOf(landmarks, brow_first, brow_last) - MeanOf(landmarks, eye_first, eye_last)) * brow_raise;
    for (int i = brow_first; i <= brow_last; ++i) points.push_back(landmarks[i] + up);
  };
  raise(17, 21, 36, 41);
  raise(22, 26, 42, 47);
  Polygon hull;
  cv::convexHull(points, hull);
  return hull;
}

// The convex polygon with a border of `px` around it (corners cut with eight directions).
Polygon Widened(const Polygon& polygon, float px) {
  Polygon points;
  for (const cv::Point2f& p : polygon) {
    for (int i = 0; i < 8; ++i) {
      const float turn = static_cast<float>(CV_PI) / 4 * static_cast<float>(i);
      points.push_back(p + px * cv::Point2f(std::cos(turn), std::sin(turn)));
    }
  }
  Polygon hull;
  cv::convexHull(points, hull);
  return hull;
}

double SignedArea(const Polygon& polygon) {
  double doubled = 0;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const cv::Point2f p = polygon[i];
    const cv::Point2f q = polygon[(i + 1) % polygon.size()];
    doubled += static_cast<double>(p.x) * q.y - static_cast<double>(p.y) * q.x;
  }
  return doubled / 2;
}

std::vector<HalfPlane> HalfPlanesOf(const Polygon& polygon) {
  const float side = SignedArea(polygon) < 0 ? -1.0f : 1.0f;
  std::vector<HalfPlane> planes;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const cv::Point2f p = polygon[i];
    const cv::Point2f along = polygon[(i + 1) % polygon.size()] - p;
    const float length = std::hypot(along.x, along.y);
    if (length < 1e-4f) continue;  // a doubled corner bounds nothing
    const float a = -along.y / length * side;
    const float b = along.x / length * side;
    planes.push_back({a, b, -(a * p.x + b * p.y)});
  }
  return planes;
}

// Sutherland-Hodgman against one edge.
Polygon CutTo(const Polygon& polygon, const HalfPlane& plane) {
  Polygon kept;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const cv::Point2f p = polygon[i];
    const cv::Point2f q = polygon[(i + 1) % polygon.size()];
    const float at_p = plane.At(p);
    const float at_q = plane.At(q);
    if (at_p >= 0) kept.push_back(p);
    if ((at_p >= 0) != (at_q >= 0)) kept.push_back(p + (q - p) * (at_p / (at_p - at_q)));
  }
  return kept;
}

// The crop square in frame px. Its outermost pixels (2 % of a side, at least one) are left out:
// networks draw them worst, and the interpolation of the warp reaches half a pixel further.
Polygon CropSquare(const cv::Matx23f& face_from_frame, int crop_size) {
  const cv::Matx23f frame_from_face = Inverted(face_from_frame);
  const float inset = std::max(1.0f, 0.02f * static_cast<float>(crop_size));
  const float low = inset;
  const float high = static_cast<float>(crop_size) - 1 - inset;
  Polygon square;
  for (const cv::Point2f corner :
       {cv::Point2f(low, low), cv::Point2f(high, low), cv::Point2f(high, high), cv::Point2f(low, high)}) {
    square.push_back(Apply(frame_from_face, corner));
  }
  return square;
}

void CheckFinite(const cv::Matx23f& face_from_frame, const Landmarks& landmarks) {
  for (const float value : face_from_frame.val) {
    if (!std::isfinite(value))
      throw std::invalid_argument("face_from_frame holds a value that is not finite");
  }
  for (int i = 0; i < kLandmarkCount; ++i) {
    if (!std::isfinite(landmarks[i].x) || !std::isfinite(landmarks[i].y)) {
      throw std::invalid_argument(fmt::format("landmark {} is not finite", i));
    }
  }
}

// Turns the linear ramp of the distance into one without corners, so that the edge's beginning and
// end are not seen as lines. Index: share of the feather in 1/kRampSteps.
constexpr int kRampSteps = 1023;
const std::array<uchar, kRampSteps + 1>& SmoothStepTable() {
  static const std::array<uchar, kRampSteps + 1> table = [] {
    std::array<uchar, kRampSteps + 1> made{};
    for (int i = 0; i <= kRampSteps; ++i) {
      const float t = static_cast<float>(i) / kRampSteps;
      made[static_cast<size_t>(i)] = cv::saturate_cast<uchar>(255.0f * t * t * (3 - 2 * t));
    }
    return made;
  }();
  return table;
}

// One row of the mask from the ramp's values every `step` px (in 1/kRampSteps, cells + 1 of them).
void ExpandRow(const float* ramp, int step, uchar* mask, int width) {
  const uchar* table = SmoothStepTable().data();
  const float share = 1.0f / static_cast<float>(step);
  for (int x = 0, cell = 0; x < width; x += step, ++cell) {
    const float left = ramp[cell], right = ramp[cell + 1];
    const int count = std::min(step, width - x);
    // Most cells lie wholly outside or inside the soft edge.
    if (left <= 0 && right <= 0) {
      std::memset(mask + x, 0, static_cast<size_t>(count));
    } else if (left >= kRampSteps && right >= kRampSteps) {
      std::memset(mask + x, 255, static_cast<size_t>(count));
    } else {
      for (int i = 0; i < count; ++i) {
        const float at = left + (right - left) * share * static_cast<float>(i);
        mask[x + i] = table[static_cast<int>(std::clamp(at, 0.0f, static_cast<float>(kRampSteps)))];
      }
    }
  }
}

}  // namespace

cv::Matx23f Chain(const cv::Matx23f& outer, const cv::Matx23f& inner) {
  cv::Matx23f out;
  for (int r = 0; r < 2; ++r) {
    for (int c = 0; c < 3; ++c) {
      out(r, c) = outer(r, 0) * inner(0, c) + outer(r, 1) * inner(1, c) + (c == 2 ? outer(r, 2) : 0.0f);
    }
  }
  return out;
}

cv::Matx23f Inverted(const cv::Matx23f& map) {
  const double a = map(0, 0), b = map(0, 1), c = map(1, 0), d = map(1, 1);
  const double determinant = a * d - b * c;
  if (!(std::abs(determinant) > 1e-12)) throw std::invalid_argument("face_from_frame cannot be inverted");
  const double x = map(0, 2), y = map(1, 2);
  return {static_cast<float>(d / determinant),
          static_cast<float>(-b / determinant),
          static_cast<float>((b * y - d * x) / determinant),
          static_cast<float>(-c / determinant),
          static_cast<float>(a / determinant),
          static_cast<float>((c * x - a * y) / determinant)};
}

FaceOutline OutlineOfFace(const cv::Matx23f& face_from_frame, int crop_size, const Landmarks& landmarks,
                          float brow_raise, OutlineShape shape, float margin) {
  CheckFinite(face_from_frame, landmarks);
  if (crop_size < 4)
    throw std::invalid_argument(fmt::format("crop of {} px: at least 4 expected", crop_size));
  if (!(brow_raise >= 0))
    throw std::invalid_argument(fmt::format("brow_raise {}: at least 0 expected", brow_raise));

  FaceOutline outline;
  const Polygon hull = RaisedHull(landmarks, brow_raise, 0);
  outline.face_width = static_cast<float>(std::sqrt(std::abs(SignedArea(hull))));
  const Polygon square = CropSquare(face_from_frame, crop_size);
  const auto cut_to = [&](const Polygon& bound) {
    for (const HalfPlane& side : HalfPlanesOf(bound)) outline.corners = CutTo(outline.corners, side);
  };
  if (shape == OutlineShape::kSquare) {
    outline.corners = square;
  } else if (shape == OutlineShape::kInner) {
    outline.corners = Widened(RaisedHull(landmarks, brow_raise, 17), margin * outline.face_width);
    cut_to(hull);
    cut_to(square);
  } else {
    outline.corners = hull;
    cut_to(square);
  }
  // Under a pixel there is nothing to see, and an edge of no length has no inside.
  const bool seen = outline.face_width >= 1 && outline.corners.size() >= 3 && std::abs(SignedArea(outline.corners)) >= 1.0;
  if (!seen) outline.corners.clear();
  return outline;
}

cv::Mat DistanceInside(const std::vector<cv::Point2f>& corners, const cv::Matx23f& frame_from_grid,
                       cv::Size grid) {
  cv::Mat distance(grid, CV_32FC1, cv::Scalar(std::numeric_limits<float>::lowest()));
  const std::vector<HalfPlane> planes = HalfPlanesOf(corners);
  if (planes.empty()) return distance;
  distance.setTo(std::numeric_limits<float>::max());
  const cv::Matx23f& m = frame_from_grid;
  for (const HalfPlane& plane : planes) {
    // The edge's equation in grid coordinates.
    const float step_x = plane.a * m(0, 0) + plane.b * m(1, 0);
    const float step_y = plane.a * m(0, 1) + plane.b * m(1, 1);
    const float origin = plane.a * m(0, 2) + plane.b * m(1, 2) + plane.c;
    for (int y = 0; y < grid.height; ++y) {
      float* row = distance.ptr<float>(y);
      const float at_row = origin + step_y * static_cast<float>(y);
      for (int x = 0; x < grid.width; ++x) row[x] = std::min(row[x], at_row + step_x * static_cast<float>(x));
    }
  }
  return distance;
}

cv::Mat FeatheredMask(const std::vector<cv::Point2f>& corners, const cv::Rect& roi, float erosion_px,
                      float feather_px) {
  // The distance is piecewise linear, so about 64 samples along the longer side carry it.
  const int step = std::max(1, (std::max(roi.width, roi.height) + 63) / 64);
  const cv::Size samples((roi.width + step - 1) / step + 1, (roi.height + step - 1) / step + 1);
  const float stride = static_cast<float>(step);
  const cv::Matx23f frame_from_sample(stride, 0, static_cast<float>(roi.x), 0, stride, static_cast<float>(roi.y));
  cv::Mat ramp = DistanceInside(corners, frame_from_sample, samples);
  const float scale = kRampSteps / std::max(1.0f, feather_px), erosion = std::max(0.0f, erosion_px);
  // Bounded, so that no arithmetic below meets the far outside's huge values; the bound is beyond a cell's slope.
  for (int y = 0; y < samples.height; ++y) {
    float* row = ramp.ptr<float>(y);
    for (int x = 0; x < samples.width; ++x) row[x] = std::clamp((row[x] - erosion) * scale, -1e7f, 1e7f);
  }
  cv::Mat mask(roi.size(), CV_8UC1);
  std::vector<float> between(static_cast<size_t>(samples.width));
  for (int y = 0; y < roi.height; ++y) {
    const float* above = ramp.ptr<float>(y / step);
    const float* below = ramp.ptr<float>(y / step + 1);
    const float share = static_cast<float>(y % step) / stride;
    for (size_t x = 0; x < between.size(); ++x) between[x] = above[x] + (below[x] - above[x]) * share;
    ExpandRow(between.data(), step, mask.ptr<uchar>(y), roi.width);
  }
  return mask;
}

}  // namespace reelswap
