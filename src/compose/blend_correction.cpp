#include "compose/blend_correction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace reelswap {
namespace {

constexpr std::array<float, 4> kBandWidths = {1.0f, 1.6f, 2.5f, 4.0f};  // of the soft edge, finest first
constexpr float kMostDifference = 60;   // levels: beyond it is not light but another thing
constexpr float kRobustSpreads = 2.5f;  // median deviations beyond which a difference is held back

float SmoothRamp(float t) {
  t = std::clamp(t, 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

// Values where `weight` is 1, filled in elsewhere from the nearest known ones by going up and down a pyramid.
cv::Mat FilledIn(const cv::Mat& values, const cv::Mat& weight) {
  cv::Mat sums;
  {
    const cv::Mat weights[] = {weight, weight, weight};
    cv::Mat three;
    cv::merge(weights, 3, three);
    cv::multiply(values, three, sums);
  }
  if (values.cols <= 2) {
    const double total = cv::sum(weight)[0];
    cv::Scalar mean = cv::sum(sums);
    mean *= total > 0 ? 1 / total : 0;
    return {values.size(), CV_32FC3, mean};
  }
  cv::Mat small_sums, small_weight, small(values.rows / 2, values.cols / 2, CV_32FC3);
  cv::resize(sums, small_sums, small.size(), 0, 0, cv::INTER_AREA);
  cv::resize(weight, small_weight, small.size(), 0, 0, cv::INTER_AREA);
  cv::Mat small_known(small.size(), CV_32FC1);
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < small.cols; ++x) {
      const float w = small_weight.at<float>(y, x);
      small.at<cv::Vec3f>(y, x) = w > 0 ? small_sums.at<cv::Vec3f>(y, x) / w : cv::Vec3f();
      small_known.at<float>(y, x) = w > 0 ? 1.0f : 0.0f;
    }
  }
  cv::Mat filled;
  cv::resize(FilledIn(small, small_known), filled, values.size(), 0, 0, cv::INTER_LINEAR);
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      if (weight.at<float>(y, x) > 0) filled.at<cv::Vec3f>(y, x) = values.at<cv::Vec3f>(y, x);
    }
  }
  return filled;
}

// Cells of the edge's outer half, at least one and a half cells deep so that nothing passes between them.
cv::Mat EdgeCells(const BlendGrid& grid, float cell_depth) {
  cv::Mat edge(grid.depth.size(), CV_32FC1);
  for (int y = 0; y < edge.rows; ++y) {
    for (int x = 0; x < edge.cols; ++x) {
      const float depth = grid.depth.at<float>(y, x);
      const bool on = depth <= 0.5f && depth > 0.5f - 1.6f * cell_depth && grid.known.at<uchar>(y, x) >= 128;
      edge.at<float>(y, x) = on ? 1.0f : 0.0f;
    }
  }
  return edge;
}

// How much the depth changes from one cell to the next: the steepest step, since the outline's sides all slope alike.
float CellDepth(const cv::Mat& depth) {
  float most = 0;
  for (int y = 0; y + 1 < depth.rows; ++y) {
    for (int x = 0; x + 1 < depth.cols; ++x) {
      const float at = depth.at<float>(y, x);
      if (at < -2 || at > 2) continue;
      most = std::max(most, std::hypot(depth.at<float>(y, x + 1) - at, depth.at<float>(y + 1, x) - at));
    }
  }
  return most;
}

float MedianOf(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Channel by channel, values on the edge no further from their median than is usual there.
cv::Mat HeldBack(const cv::Mat& difference, const cv::Mat& edge) {
  cv::Mat bounded = difference.clone();
  for (int c = 0; c < 3; ++c) {
    std::vector<float> values;
    for (int y = 0; y < edge.rows; ++y) {
      for (int x = 0; x < edge.cols; ++x) {
        if (edge.at<float>(y, x) > 0) values.push_back(difference.at<cv::Vec3f>(y, x)[c]);
      }
    }
    if (values.empty()) continue;
    const float median = MedianOf(values);
    for (float& v : values) v = std::abs(v - median);
    const float reach = std::min(kMostDifference, std::max(6.0f, kRobustSpreads * MedianOf(values)));
    for (int y = 0; y < edge.rows; ++y) {
      for (int x = 0; x < edge.cols; ++x) {
        float& v = bounded.at<cv::Vec3f>(y, x)[c];
        v = std::clamp(v, median - reach, median + reach);
      }
    }
  }
  return bounded;
}

// Gauss-Seidel with over-relaxation on Laplace's equation; cells of `fixed` keep their value, the grid's border is free.
void Relax(cv::Mat& values, const cv::Mat& fixed, int sweeps) {
  constexpr float kOver = 1.6f;
  const int rows = values.rows, cols = values.cols;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    for (int y = 0; y < rows; ++y) {
      auto* row = values.ptr<cv::Vec3f>(y);
      const auto* up = values.ptr<cv::Vec3f>(std::max(0, y - 1));
      const auto* down = values.ptr<cv::Vec3f>(std::min(rows - 1, y + 1));
      const auto* hold = fixed.ptr<float>(y);
      for (int x = 0; x < cols; ++x) {
        if (hold[x] > 0) continue;
        const cv::Vec3f& left = row[std::max(0, x - 1)];
        const cv::Vec3f& right = row[std::min(cols - 1, x + 1)];
        for (int c = 0; c < 3; ++c) {
          row[x][c] += kOver * (0.25f * (up[x][c] + down[x][c] + left[c] + right[c]) - row[x][c]);
        }
      }
    }
  }
}

// Nested iteration: the coarse solution is the next finer one's beginning, so few sweeps are enough on each.
cv::Mat Membrane(const cv::Mat& values, const cv::Mat& fixed) {
  if (values.cols <= 4) {
    cv::Mat start = FilledIn(values, fixed);
    Relax(start, fixed, 16);
    return start;
  }
  cv::Mat weights, sums, small_sums, small_weight;
  const cv::Mat three[] = {fixed, fixed, fixed};
  cv::merge(three, 3, weights);
  cv::multiply(values, weights, sums);
  const cv::Size half(values.cols / 2, values.rows / 2);
  cv::resize(sums, small_sums, half, 0, 0, cv::INTER_AREA);
  cv::resize(fixed, small_weight, half, 0, 0, cv::INTER_AREA);
  cv::Mat small(half, CV_32FC3), small_fixed(half, CV_32FC1);
  for (int y = 0; y < half.height; ++y) {
    for (int x = 0; x < half.width; ++x) {
      const float w = small_weight.at<float>(y, x);
      small.at<cv::Vec3f>(y, x) = w > 0 ? small_sums.at<cv::Vec3f>(y, x) / w : cv::Vec3f();
      small_fixed.at<float>(y, x) = w > 0 ? 1.0f : 0.0f;
    }
  }
  cv::Mat start;
  cv::resize(Membrane(small, small_fixed), start, values.size(), 0, 0, cv::INTER_LINEAR);
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      if (fixed.at<float>(y, x) > 0) start.at<cv::Vec3f>(y, x) = values.at<cv::Vec3f>(y, x);
    }
  }
  Relax(start, fixed, 16);
  return start;
}

}  // namespace

cv::Mat MultiBandCorrection(const BlendGrid& grid) {
  // Only what lies under the paste says how it differs; hair and background outside of it do not.
  cv::Mat inside(grid.depth.size(), CV_32FC1);
  for (int y = 0; y < inside.rows; ++y) {
    for (int x = 0; x < inside.cols; ++x) {
      const bool on = grid.depth.at<float>(y, x) >= 0 && grid.known.at<uchar>(y, x) >= 128;
      inside.at<float>(y, x) = on ? 1.0f : 0.0f;
    }
  }
  if (cv::countNonZero(inside) == 0) return cv::Mat::zeros(grid.depth.size(), CV_32FC3);
  std::vector<cv::Mat> gaussian{FilledIn(HeldBack(grid.difference, inside), inside)};
  for (size_t level = 1; level < kBandWidths.size(); ++level) {
    cv::Mat smaller;
    cv::pyrDown(gaussian.back(), smaller);
    gaussian.push_back(smaller);
  }
  cv::Mat correction = cv::Mat::zeros(grid.depth.size(), CV_32FC3);
  for (size_t level = 0; level < kBandWidths.size(); ++level) {
    cv::Mat band = gaussian[level];
    if (level + 1 < kBandWidths.size()) {
      cv::Mat coarser;
      cv::pyrUp(gaussian[level + 1], coarser, band.size());
      band = band - coarser;
    }
    for (size_t up = level; up > 0; --up) {
      cv::Mat finer;
      cv::pyrUp(band, finer, gaussian[up - 1].size());
      band = finer;
    }
    const float width = kBandWidths[level];
    for (int y = 0; y < band.rows; ++y) {
      for (int x = 0; x < band.cols; ++x) {
        // Alpha is on top of this already: the band is to end with width's ramp, not with the product of both.
        const float depth = std::max(grid.depth.at<float>(y, x), 0.02f);
        const float share = SmoothRamp(depth / width) / SmoothRamp(depth);
        correction.at<cv::Vec3f>(y, x) += (1 - share) * band.at<cv::Vec3f>(y, x);
      }
    }
  }
  return correction;
}

cv::Mat PoissonCorrection(const BlendGrid& grid) {
  const cv::Mat edge = EdgeCells(grid, CellDepth(grid.depth));
  if (cv::countNonZero(edge) == 0) return cv::Mat::zeros(grid.depth.size(), CV_32FC3);
  return Membrane(HeldBack(grid.difference, edge), edge);
}

}  // namespace reelswap
