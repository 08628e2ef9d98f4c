#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "compose/compose_face.h"

namespace reelswap {
namespace {

constexpr int kRays = 96;         // around the face; texture is averaged over neighbouring ones
constexpr int kRaysPerArc = 8;    // a seam shows as a line, so a step must hold for a stretch of it
constexpr double kNatural = 20;   // levels: beside an edge that was there before, a new one of its size shows half
constexpr int kInside = 230, kOutside = 25;  // 90 % and 10 % of the mask

// Luma and colour differences (BT.601), the latter as they weigh in Y'CbCr.
cv::Vec3d LumaColour(const cv::Vec3d& bgr) {
  const double luma = 0.114 * bgr[0] + 0.587 * bgr[1] + 0.299 * bgr[2];
  return {luma, 0.564 * (bgr[0] - luma), 0.713 * (bgr[2] - luma)};
}

struct Crossing {
  cv::Point inside, outside;  // px, where the mask reaches 90 % and leaves 10 %
};

cv::Point2d MiddleOf(const cv::Mat& mask) {
  double weight = 0, x_sum = 0, y_sum = 0;
  const int stride = std::max(1, std::min(mask.rows, mask.cols) / 64);
  for (int y = 0; y < mask.rows; y += stride) {
    const uchar* row = mask.ptr<uchar>(y);
    for (int x = 0; x < mask.cols; x += stride) {
      weight += row[x];
      x_sum += row[x] * static_cast<double>(x);
      y_sum += row[x] * static_cast<double>(y);
    }
  }
  return weight > 0 ? cv::Point2d(x_sum / weight, y_sum / weight) : cv::Point2d(mask.cols / 2.0, mask.rows / 2.0);
}

// Comes from outside to the middle and notes where the mask begins and where it is whole.
std::optional<Crossing> Cross(const cv::Mat& mask, cv::Point2d middle, double angle) {
  const cv::Point2d way(std::cos(angle), std::sin(angle));
  const cv::Rect bounds(0, 0, mask.cols, mask.rows);
  double radius = std::hypot(mask.cols, mask.rows);
  const auto at = [&](double r) { return cv::Point(cvRound(middle.x + r * way.x), cvRound(middle.y + r * way.y)); };
  while (radius > 1 && !bounds.contains(at(radius))) radius -= 1;
  if (!bounds.contains(at(radius))) return std::nullopt;
  if (mask.at<uchar>(at(radius)) > kOutside) return std::nullopt;  // the picture ends within the face
  std::optional<cv::Point> outside;
  for (; radius > 1; radius -= 1) {
    const uchar value = mask.at<uchar>(at(radius));
    if (value <= kOutside) outside = at(radius);
    if (value >= kInside) return outside ? std::optional<Crossing>({at(radius), *outside}) : std::nullopt;
  }
  return std::nullopt;
}

cv::Vec3d MeanAround(const cv::Mat& bgr, cv::Point p, int reach) {
  const cv::Rect window = cv::Rect(p.x - reach, p.y - reach, 2 * reach + 1, 2 * reach + 1) &
                          cv::Rect(0, 0, bgr.cols, bgr.rows);
  std::array<int, 3> sum{};
  for (int y = window.y; y < window.y + window.height; ++y) {
    const uchar* row = bgr.ptr<uchar>(y) + 3 * window.x;
    for (int x = 0; x < window.width; ++x) {
      for (size_t c = 0; c < 3; ++c) sum[c] += row[3 * x + static_cast<int>(c)];
    }
  }
  const double area = window.area();
  return {sum[0] / area, sum[1] / area, sum[2] / area};
}

}  // namespace

double SeamScore(const cv::Mat& original_bgr, const cv::Mat& composed_bgr, const cv::Mat& mask) {
  if (original_bgr.type() != CV_8UC3 || composed_bgr.type() != CV_8UC3 || mask.type() != CV_8UC1 ||
      original_bgr.size() != composed_bgr.size() || original_bgr.size() != mask.size()) {
    throw std::invalid_argument("SeamScore: two CV_8UC3 pictures and a CV_8UC1 mask of one size expected");
  }
  if (mask.empty()) return 0;
  const cv::Point2d middle = MiddleOf(mask);
  const int reach = std::clamp(std::min(mask.cols, mask.rows) / 100, 1, 6);
  double score = 0;
  int arcs = 0;
  for (int arc = 0; arc < kRays / kRaysPerArc; ++arc) {
    cv::Vec3d before(0, 0, 0), after(0, 0, 0);
    int rays = 0;
    for (int i = 0; i < kRaysPerArc; ++i) {
      const double angle = 2 * CV_PI * (arc * kRaysPerArc + i) / kRays;
      const std::optional<Crossing> edge = Cross(mask, middle, angle);
      if (!edge) continue;
      before += LumaColour(MeanAround(original_bgr, edge->inside, reach) - MeanAround(original_bgr, edge->outside, reach));
      after += LumaColour(MeanAround(composed_bgr, edge->inside, reach) - MeanAround(composed_bgr, edge->outside, reach));
      ++rays;
    }
    if (rays == 0) continue;
    const double was = cv::norm(before) / rays, is = cv::norm(after) / rays;
    // Only what is more than before: a face that meets its surroundings more gently than the old one shows no seam.
    score += std::max(0.0, is - was) / (1 + was / kNatural);
    ++arcs;
  }
  return arcs > 0 ? score / arcs : 0;
}

}  // namespace reelswap
