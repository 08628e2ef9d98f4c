#include "pipeline/local_regression.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

namespace reelswap {
namespace {

double Tricube(double u) {
  const double inner = 1 - u * u * u;
  return inner > 0 ? inner * inner * inner : 0;
}

}  // namespace

RegressionWeights LocalQuadratic(double bandwidth, int before, int after) {
  const int reach = std::max(0, static_cast<int>(std::ceil(bandwidth)) - 1);
  const int first = -std::min(before, reach), last = std::min(after, reach);
  RegressionWeights result;
  result.before = -first;
  if (first == 0 && last == 0) {
    result.weight = {1};
    return result;
  }
  cv::Matx33d moments = cv::Matx33d::zeros();
  std::vector<double> kernel;
  for (int i = first; i <= last; ++i) {
    const double w = Tricube(std::abs(i) / bandwidth), x = i / bandwidth;
    kernel.push_back(w);
    const cv::Vec3d powers(1, x, x * x);
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) moments(r, c) += w * powers[r] * powers[c];
    }
  }
  const double lopsided = static_cast<double>(last + first) / (last - first);  // 0 in the middle, 1 at an end
  moments(2, 2) += 4 * lopsided * lopsided * moments(2, 2) + 1e-9;
  moments(1, 1) += 1e-9;
  const cv::Vec3d row = moments.inv(cv::DECOMP_SVD) * cv::Vec3d(1, 0, 0);
  double sum = 0, squares = 0;
  for (int i = first; i <= last; ++i) {
    const double x = i / bandwidth;
    result.weight.push_back(kernel[i - first] * (row[0] + row[1] * x + row[2] * x * x));
    sum += result.weight.back();
  }
  for (double& w : result.weight) w /= sum, squares += w * w;
  result.gain = std::sqrt(squares);
  return result;
}

}  // namespace reelswap
