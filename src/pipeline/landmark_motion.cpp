#include "pipeline/landmark_motion.h"

#include <algorithm>
#include <cmath>

namespace reelswap {

cv::Rect2f BoxOf(const Landmarks& landmarks) {
  cv::Point2f low = landmarks[0], high = landmarks[0];
  for (const cv::Point2f& point : landmarks) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  }
  return {low, high};
}

float Restlessness(const Landmarks& before, const Landmarks& now, const Landmarks& after) {
  double sum = 0;
  for (size_t i = 0; i < now.size(); ++i) {
    const cv::Point2f bend = before[i] - 2 * now[i] + after[i];
    sum += std::hypot(bend.x, bend.y);
  }
  const cv::Rect2f box = BoxOf(now);
  const double size = std::sqrt(static_cast<double>(box.width) * box.height);
  const double share = 1000 * sum / static_cast<double>(now.size()) / std::max(size, 1.0);
  return std::isfinite(share) ? static_cast<float>(share) : -1;
}

}  // namespace reelswap
