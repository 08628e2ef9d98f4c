#include "compose/face_outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

// iBUG order: brows 17-21 and 22-26, the eyes below them 36-41 and 42-47.
Polygon RaisedHull(const Landmarks& landmarks, float brow_raise) {
  Polygon points(landmarks.begin(), landmarks.end());
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
// end are not seen as lines.
const cv::Mat& SmoothStepTable() {
  static const cv::Mat table = [] {
    cv::Mat made(1, 256, CV_8UC1);
    for (int i = 0; i < 256; ++i) {
      const float t = static_cast<float>(i) / 255.0f;
      made.at<uchar>(0, i) = cv::saturate_cast<uchar>(255.0f * t * t * (3 - 2 * t));
    }
    return made;
  }();
  return table;
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
                          float brow_raise) {
  CheckFinite(face_from_frame, landmarks);
  if (crop_size < 4)
    throw std::invalid_argument(fmt::format("crop of {} px: at least 4 expected", crop_size));
  if (!(brow_raise >= 0))
    throw std::invalid_argument(fmt::format("brow_raise {}: at least 0 expected", brow_raise));

  FaceOutline outline;
  outline.corners = RaisedHull(landmarks, brow_raise);
  outline.face_width = static_cast<float>(std::sqrt(std::abs(SignedArea(outline.corners))));
  for (const HalfPlane& side : HalfPlanesOf(CropSquare(face_from_frame, crop_size))) {
    outline.corners = CutTo(outline.corners, side);
  }
  // Under a pixel there is nothing to see, and an edge of no length has no inside.
  if (outline.corners.size() < 3 || std::abs(SignedArea(outline.corners)) < 1.0) outline.corners.clear();
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
  // The distance is piecewise linear, so about 96 samples along the longer side carry it; a margin
  // of one cell on every side keeps interpolation from running into the border.
  const int step = std::max(1, (std::max(roi.width, roi.height) + 95) / 96);
  const cv::Size cells((roi.width + step - 1) / step + 2, (roi.height + step - 1) / step + 2);
  const float first = -0.5f * static_cast<float>(step) - 0.5f;
  const float stride = static_cast<float>(step);
  const cv::Matx23f frame_from_cell(stride, 0, static_cast<float>(roi.x) + first,  //
                                    0, stride, static_cast<float>(roi.y) + first);
  cv::Mat distance = DistanceInside(corners, frame_from_cell, cells);
  if (step > 1) cv::resize(distance, distance, cv::Size(), step, step, cv::INTER_LINEAR);
  distance = distance(cv::Rect(step, step, roi.width, roi.height));

  const double feather = std::max(1.0f, feather_px);
  cv::Mat mask;
  distance.convertTo(mask, CV_8U, 255.0 / feather, -255.0 * std::max(0.0f, erosion_px) / feather);
  cv::LUT(mask, SmoothStepTable(), mask);
  return mask;
}

}  // namespace reelswap
