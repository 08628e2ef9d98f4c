#include "pipeline/track_fade.h"

#include <algorithm>
#include <cmath>

namespace reelswap {
namespace {

constexpr size_t kFewPoses = 20;   // fewer say nothing about what the training saw
constexpr double kFrontal = 15;    // degrees that any training covers; poses are measured to some 5 degrees
constexpr int kEvenOver = 5;   // half width of the triangle that evens opacities out, frames
constexpr int kFadeFrames = 3; // at an open end: 25, 50, 75 %

float OpacityAt(float yaw, const FadeLimits& limits) {
  if (std::isnan(yaw)) return 1;
  const double beyond = std::abs(yaw) - limits.from_yaw;
  if (beyond <= 0) return 1;
  return limits.over_yaw > 0 ? static_cast<float>(std::max(0.0, 1 - beyond / limits.over_yaw)) : 0;
}

}  // namespace

double UsualYaw(const std::vector<HeadPose>& poses) {
  if (poses.empty()) return 0;
  std::vector<double> yaws;
  for (const HeadPose& pose : poses) yaws.push_back(std::abs(pose.yaw));
  const size_t at = std::min(yaws.size() - 1, static_cast<size_t>(0.95 * static_cast<double>(yaws.size())));
  std::nth_element(yaws.begin(), yaws.begin() + static_cast<std::ptrdiff_t>(at), yaws.end());
  return yaws[at];
}

FadeLimits LimitsOf(const std::vector<HeadPose>& poses, double from_yaw, double over_yaw) {
  if (poses.size() < kFewPoses) return {};
  return {std::max(kFrontal, UsualYaw(poses)) + from_yaw, over_yaw};
}

std::vector<float> OpacitiesOf(const std::vector<float>& yaws, const FadeLimits& limits, bool open_start, bool open_end) {
  const int n = static_cast<int>(yaws.size());
  std::vector<float> by_pose(n), opacities(n);
  for (int t = 0; t < n; ++t) by_pose[t] = OpacityAt(yaws[t], limits);
  for (int t = 0; t < n; ++t) {
    float sum = 0, weight = 0;
    for (int k = std::max(0, t - kEvenOver); k <= std::min(n - 1, t + kEvenOver); ++k) {
      const auto w = static_cast<float>(kEvenOver + 1 - std::abs(k - t));
      sum += w * by_pose[k], weight += w;
    }
    opacities[t] = sum / weight;
    if (opacities[t] > 0.999f) opacities[t] = 1;  // rounding is no fade
    if (open_start && t < kFadeFrames) opacities[t] *= static_cast<float>(t + 1) / (kFadeFrames + 1);
    if (open_end && n - 1 - t < kFadeFrames) opacities[t] *= static_cast<float>(n - t) / (kFadeFrames + 1);
  }
  return opacities;
}

}  // namespace reelswap
