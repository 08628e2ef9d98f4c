#include "face/newcomer_watch.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "face/scaled_region.h"

namespace reelswap {
namespace {

constexpr int kLeastChange = 8;           // luma steps of a block's mean; noise and compression reach 3
constexpr float kHeadMargin = 0.35f;      // of a box on every side: hair, ears and chin of a known face
constexpr float kLeastSide = 0.6f;        // of the smallest face: a new one changes its place all over, an arm does not
constexpr float kMostShare = 0.7f;        // of the picture: beyond, it is searched as a whole
constexpr size_t kMostParts = 64;         // more is noise or all of the picture in motion, and slow to join
constexpr float kMargin = 0.75f;          // of the smallest face around what changed

cv::Rect BlocksOf(const cv::Rect& px, const LumaGrid& grid) {
  const cv::Point first(px.x / grid.block, px.y / grid.block);
  const cv::Point last((px.br().x + grid.block - 1) / grid.block, (px.br().y + grid.block - 1) / grid.block);
  return cv::Rect(first, last) & cv::Rect({}, grid.means.size());
}

/// Joins rectangles that overlap, until none do.
std::vector<cv::Rect> Joined(std::vector<cv::Rect> parts) {
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < parts.size() && !again; ++i) {
      for (size_t j = i + 1; j < parts.size() && !again; ++j) {
        if ((parts[i] & parts[j]).empty()) continue;
        parts[i] |= parts[j];
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(j));
        again = true;
      }
    }
  }
  return parts;
}

}  // namespace

std::vector<cv::Rect> NewcomerWatch::Changed(const LumaGrid& now, const std::vector<cv::Rect2f>& explained,
                                             int face_size) const {
  const cv::Rect whole({}, now.picture);
  if (then_.size() != now.means.size()) return {whole};
  cv::Mat changed;
  cv::absdiff(then_, now.means, changed);
  changed = changed >= kLeastChange;
  changed.setTo(0, resting_);
  for (const auto& box : explained) changed(BlocksOf(GrownRegion(box, kHeadMargin, now.picture), now)).setTo(0);
  // A new face may leave some blocks as bright as they were; what is narrow all along is none.
  cv::morphologyEx(changed, changed, cv::MORPH_CLOSE, cv::Mat());
  const int side = std::max(1, cvRound(kLeastSide * face_size / now.block));
  cv::morphologyEx(changed, changed, cv::MORPH_OPEN, cv::Mat::ones(side, side, CV_8UC1));
  cv::Mat labels, stats, centres;
  const int count = cv::connectedComponentsWithStats(changed, labels, stats, centres);
  if (static_cast<size_t>(count) > kMostParts + 1) return {whole};  // label 0 is what did not change
  std::vector<cv::Rect> parts;
  for (int i = 1; i < count; ++i) {
    const cv::Rect2f px(stats.at<int>(i, cv::CC_STAT_LEFT) * now.block, stats.at<int>(i, cv::CC_STAT_TOP) * now.block,
                        stats.at<int>(i, cv::CC_STAT_WIDTH) * now.block, stats.at<int>(i, cv::CC_STAT_HEIGHT) * now.block);
    const float margin = kMargin * face_size;
    const cv::Rect2f grown(px.x - margin, px.y - margin, px.width + 2 * margin, px.height + 2 * margin);
    parts.push_back(GrownRegion(grown, 0, now.picture));
  }
  parts = Joined(std::move(parts));
  double area = 0;
  for (const auto& part : parts) area += part.area();
  if (area > kMostShare * whole.area()) return {whole};
  return parts;
}

void NewcomerWatch::SearchedAll(const LumaGrid& now) {
  then_ = now.means.clone();
  resting_ = cv::Mat::zeros(then_.size(), CV_8UC1);
}

void NewcomerWatch::Searched(const LumaGrid& now, const std::vector<cv::Rect>& parts) {
  if (then_.size() != now.means.size() || (parts.size() == 1 && parts[0].size() == now.picture)) return SearchedAll(now);
  resting_.setTo(0);
  for (const auto& part : parts) {
    const auto blocks = BlocksOf(part, now);
    now.means(blocks).copyTo(then_(blocks));
    resting_(blocks).setTo(255);
  }
}

}  // namespace reelswap
