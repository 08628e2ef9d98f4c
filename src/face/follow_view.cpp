#include "face/follow_view.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

constexpr double kFollowFace = 64;  // px

}  // namespace

FollowView::FollowView(const cv::Mat& luma, const cv::Rect2f& box) {
  const cv::Rect region = cv::Rect(cv::Point(cvFloor(box.x - box.width), cvFloor(box.y - box.height)),
                                   cv::Point(cvCeil(box.br().x + box.width), cvCeil(box.br().y + box.height))) &
                          cv::Rect({}, luma.size());
  if (region.empty()) return;
  const float shrunk = static_cast<float>(kFollowFace / std::max(box.width, box.height));
  if (shrunk * region.width < 1 || shrunk * region.height < 1) return;
  origin = region.tl();
  scale = shrunk;
  cv::resize(luma(region), image, {}, scale, scale, scale < 0.6f ? cv::INTER_AREA : cv::INTER_LINEAR);
}

}  // namespace reelswap
