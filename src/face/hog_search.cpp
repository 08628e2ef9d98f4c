#include "face/hog_search.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "face/box_overlap.h"
#include "face/dlib_room.h"

namespace reelswap {
namespace {

constexpr double kLevelRatio = 5.0 / 6;
constexpr int kWindow = kHogTaps * kHogCell;
// From the cell of an answer back to px, as dlib does it: its filter starts a margin before the cell,
// cells with features start one rim cell inside the picture, gradients one px inside that; the box
// reaches from the centre of the filter's first cell to the centre of its last one.
constexpr int kFirstTap = (kHogTaps - 1) / 2 - 1;
constexpr int kCellCentre = 1 + kHogCell / 2;
constexpr int kBoxSide = kWindow - kHogCell + 1;

/// dlib's rule which of two answers is superfluous.
bool SaySame(const cv::Rect2f& a, const cv::Rect2f& b, const FaceFilters& filters) {
  const float both = (a & b).area();
  return BoxOverlap(a, b) > filters.most_overlap || both > filters.most_cover * std::min(a.area(), b.area());
}

}  // namespace

HogSearch::HogSearch(int levels) : levels_(levels) {
  const auto& filters = FrontalFaceFilters();
  if (filters.rows != kHogTaps || filters.columns != kHogTaps) {
    throw std::logic_error("this version of dlib has face filters of another size than 10 x 10 cells");
  }
}

std::vector<HogHit> HogSearch::Search(const cv::Mat& gray, float threshold) {
  if (gray.empty() || gray.type() != CV_8UC1) throw std::invalid_argument("a picture to search must be CV_8UC1 and not empty");
  found_.clear();
  cv::Mat level = gray, smaller;
  for (int i = 0; levels_ <= 0 || i < levels_; ++i) {
    if (i > 0) {
      const cv::Size size(cvRound(level.cols * kLevelRatio), cvRound(level.rows * kLevelRatio));
      if (size.width < kWindow || size.height < kWindow) break;
      cv::resize(level, smaller, size, 0, 0, cv::INTER_LINEAR);
      level = std::move(smaller);
    }
    ComputeHogFeatures(level, features_);
    SearchLevel({static_cast<double>(gray.cols) / level.cols, static_cast<double>(gray.rows) / level.rows}, threshold);
  }
  std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  std::vector<HogHit> kept;
  for (const auto& hit : found_) {
    const bool known = std::any_of(kept.begin(), kept.end(),
                                   [&](const auto& k) { return SaySame(k.box, hit.box, FrontalFaceFilters()); });
    if (!known) kept.push_back(hit);
  }
  return kept;
}

void HogSearch::SearchLevel(cv::Point2d picture_per_level_px, float threshold) {
  if (features_.rows == 0) return;
  scratch_.resize(static_cast<size_t>(kHogTaps) * features_.stride);
  for (const auto& view : FrontalFaceFilters().views) {
    scores_.assign(static_cast<size_t>(features_.rows) * features_.stride, 0.0f);
    for (const auto& f : view.filters) {
      AddSeparableFilter(features_, f.plane, f.row.data(), f.column.data(), scratch_.data(), scores_.data());
    }
    for (int r = 0; r < features_.rows; ++r) {
      for (int c = 0; c < features_.columns; ++c) {
        const float score = scores_[static_cast<size_t>(r) * features_.stride + c] - view.threshold;
        if (score < threshold) continue;
        const cv::Point2d corner((c - kFirstTap) * kHogCell + kCellCentre, (r - kFirstTap) * kHogCell + kCellCentre);
        found_.push_back({{static_cast<float>(corner.x * picture_per_level_px.x), static_cast<float>(corner.y * picture_per_level_px.y),
                           static_cast<float>(kBoxSide * picture_per_level_px.x),
                           static_cast<float>(kBoxSide * picture_per_level_px.y)},
                          score});
      }
    }
  }
}

}  // namespace reelswap
