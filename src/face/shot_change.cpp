#include "face/shot_change.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

const cv::Size kThumbnail(32, 18);
constexpr double kCutDifference = 15;  // luma steps: waving hands reach 6, two shots of unlike rooms 16 to 60
constexpr double kJumpDifference = 8;  // two people in one room before one camera: 7 to 25
constexpr double kLastingShare = 0.6;  // of the difference is still there one and two frames later, or it was a flash
constexpr double kPeak = 2;            // times the differences around it; a fast pan differs every frame
constexpr double kSamePicture = 0.97;  // correlation: lights go on, an aperture opens; two people in one room reach 0.95

struct Thumbnail {
  cv::Mat picture;
  explicit Thumbnail(const LumaGrid& grid) { cv::resize(grid.means, picture, kThumbnail, 0, 0, cv::INTER_AREA); }
  double Difference(const Thumbnail& other) const {
    return cv::norm(picture, other.picture, cv::NORM_L1) / kThumbnail.area();
  }
  double Correlation(const Thumbnail& other) const {
    cv::Mat a, b;
    picture.convertTo(a, CV_32F);
    other.picture.convertTo(b, CV_32F);
    a -= cv::mean(a)[0];
    b -= cv::mean(b)[0];
    const double lengths = cv::norm(a) * cv::norm(b);
    return lengths > 0 ? a.dot(b) / lengths : 0;
  }
};

}  // namespace

ShotChange::Kind ShotChange::Of(const std::vector<const LumaGrid*>& grids, size_t at) {
  if (at == 0) return Kind::kNone;
  const auto& here = *grids[at];
  if (here.picture != grids[at - 1]->picture) return Kind::kCut;
  const Thumbnail before(*grids[at - 1]), now(here);
  const double difference = before.Difference(now);
  if (difference <= kJumpDifference) return Kind::kNone;
  double around = 0;
  if (at >= 2 && grids[at - 2]->picture == here.picture) around = before.Difference(Thumbnail(*grids[at - 2]));
  for (size_t next = at + 1; next < grids.size() && next <= at + 2; ++next) {
    if (grids[next]->picture != here.picture) break;
    const Thumbnail later(*grids[next]);
    if (before.Difference(later) < kLastingShare * difference) return Kind::kFlash;
    if (next == at + 1) around = std::max(around, now.Difference(later));
  }
  if (difference < kPeak * around) return Kind::kNone;
  return difference <= kCutDifference || before.Correlation(now) > kSamePicture ? Kind::kJump : Kind::kCut;
}

}  // namespace reelswap
