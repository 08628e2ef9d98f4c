#include "compose/sharpening.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace reelswap {
namespace {

constexpr float kMostStrength = 1.2f;
constexpr float kEdgeLevels = 12;  // detail counts up to here, so that one dark brow does not decide

using Plane = std::vector<int>;

// What a blur by 1 2 1 takes away, times 16. The border counts as flat.
Plane DetailOf(const Plane& picture, int rows, int cols) {
  Plane detail(picture.size(), 0);
  for (int y = 1; y + 1 < rows; ++y) {
    const int* p = picture.data() + static_cast<ptrdiff_t>(y) * cols;
    int* out = detail.data() + static_cast<ptrdiff_t>(y) * cols;
    for (int x = 1; x + 1 < cols; ++x) {
      const int sides = p[x - 1] + p[x + 1] + p[x - cols] + p[x + cols];
      const int corners = p[x - cols - 1] + p[x - cols + 1] + p[x + cols - 1] + p[x + cols + 1];
      out[x] = 12 * p[x] - 2 * sides - corners;
    }
  }
  return detail;
}

struct Detail {
  double now, sharpened;  // mean levels per mean luma of 128, as it is and sharpened by 1
};

Detail DetailOf(const cv::Mat& bgr) {
  const int rows = bgr.rows, cols = bgr.cols;
  Plane gray(static_cast<size_t>(rows) * static_cast<size_t>(cols));
  double sum = 0;
  for (int y = 0; y < rows; ++y) {
    const uchar* p = bgr.ptr<uchar>(y);
    int* out = gray.data() + static_cast<ptrdiff_t>(y) * cols;
    for (int x = 0; x < cols; ++x) {
      out[x] = 29 * p[3 * x] + 150 * p[3 * x + 1] + 77 * p[3 * x + 2];  // BT.601 in 1/256
      sum += out[x];
    }
  }
  // Sharpened by 1 the detail is the old one and the detail of that one: both filters are linear.
  const Plane first = DetailOf(gray, rows, cols), second = DetailOf(first, rows, cols);
  const double mean = std::max(16.0, sum / static_cast<double>(gray.size()) / 256);
  const auto scale = static_cast<float>(128 / mean / 16 / 256);
  float now = 0, sharpened = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    now += std::min(kEdgeLevels, std::abs(static_cast<float>(first[i])) * scale);
    sharpened += std::min(kEdgeLevels, std::abs(static_cast<float>(first[i]) + static_cast<float>(second[i]) / 16) * scale);
  }
  return {now / static_cast<double>(first.size()), sharpened / static_cast<double>(first.size())};
}

}  // namespace

float MeasureSharpening(const cv::Mat& original_window, const cv::Mat& crop_window) {
  const Detail wanted = DetailOf(original_window), have = DetailOf(crop_window);
  if (wanted.now <= have.now || have.sharpened <= have.now) return 0;
  return std::clamp(static_cast<float>((wanted.now - have.now) / (have.sharpened - have.now)), 0.0f, kMostStrength);
}

cv::Mat Sharpened(const cv::Mat& crop, float strength) {
  if (strength <= 0) return crop;
  cv::Mat blurred, sharp, low, high;
  cv::GaussianBlur(crop, blurred, {3, 3}, 0);  // 1 2 1
  cv::addWeighted(crop, 1.0 + strength, blurred, -strength, 0, sharp);
  const cv::Mat around = cv::Mat::ones(3, 3, CV_8UC1);
  cv::erode(crop, low, around);
  cv::dilate(crop, high, around);
  const cv::Scalar slack = cv::Scalar::all(4);
  cv::max(sharp, low - slack, sharp);
  cv::min(sharp, high + slack, sharp);
  return sharp;
}

}  // namespace reelswap
