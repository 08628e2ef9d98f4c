#include "compose/color_match.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

// BT.601 luma weights in BGR order, as in most face footage; the choice only shapes the axes along
// which the spread is compared, not the mean, which is met exactly.
constexpr double kBlue = 0.114, kGreen = 0.587, kRed = 0.299;

// Y, B - Y and R - Y from BGR, and back.
const cv::Matx33d kOpponentFromBgr(kBlue, kGreen, kRed,        //
                                   1 - kBlue, -kGreen, -kRed,  //
                                   -kBlue, -kGreen, 1 - kRed);
const cv::Matx33d kBgrFromOpponent(1, 1, 0,                             //
                                   1, -kBlue / kGreen, -kRed / kGreen,  //
                                   1, 0, 1);

constexpr double kFullTrust = 60;    // samples of full weight from which a match counts fully
constexpr double kFlatVariance = 9;  // levels^2: spread below about 3 levels is noise, not shading

struct Statistics {
  cv::Vec3d mean{0, 0, 0};
  cv::Vec3d variance{0, 0, 0};
};

Statistics Measure(const cv::Mat& bgr, const cv::Mat& weight, double total) {
  cv::Vec3d sum(0, 0, 0), squares(0, 0, 0);
  for (int y = 0; y < bgr.rows; ++y) {
    const cv::Vec3b* pixel = bgr.ptr<cv::Vec3b>(y);
    const uchar* w = weight.ptr<uchar>(y);
    for (int x = 0; x < bgr.cols; ++x) {
      if (w[x] == 0) continue;
      const cv::Vec3d c = kOpponentFromBgr * cv::Vec3d(pixel[x]);
      sum += w[x] * c;
      squares += w[x] * c.mul(c);
    }
  }
  Statistics out;
  out.mean = sum / total;
  for (int i = 0; i < 3; ++i) out.variance[i] = std::max(0.0, squares[i] / total - out.mean[i] * out.mean[i]);
  return out;
}

}  // namespace

ColorMatch MeasureColorMatch(const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight) {
  if (original.type() != CV_8UC3 || swapped.type() != CV_8UC3 || weight.type() != CV_8UC1 ||
      original.size() != swapped.size() || original.size() != weight.size()) {
    throw std::invalid_argument(
        "MeasureColorMatch: two CV_8UC3 pictures and a CV_8UC1 weight of one size expected");
  }
  const double total = weight.empty() ? 0.0 : cv::sum(weight)[0];
  ColorMatch match;
  if (total <= 0) return match;
  const Statistics from = Measure(swapped, weight, total);
  const Statistics to = Measure(original, weight, total);
  const double shades = std::clamp(to.mean[0] / std::max(1.0, from.mean[0]), 0.5, 2.0);
  const double trust = std::min(1.0, total / 255.0 / kFullTrust);
  for (int i = 0; i < 3; ++i) {
    // What is as much darker as the other skin is so in its shades as well: contrast goes with the mean. The spread
    // itself says little, since beards, brows and lips are what a swap is to change, and may correct it by a tenth.
    const double ratio = std::sqrt((to.variance[i] + kFlatVariance) / (from.variance[i] + kFlatVariance));
    const double gain = i == 0 ? shades * std::clamp(ratio / shades, 0.9, 1.1) : shades;
    const double offset = to.mean[i] - gain * from.mean[i];
    match.gain[i] = static_cast<float>(1 + trust * (gain - 1));
    match.offset[i] = static_cast<float>(trust * offset);
  }
  return match;
}

cv::Mat ApplyColorMatch(const cv::Mat& bgr, const ColorMatch& match) {
  if (bgr.type() != CV_8UC3) throw std::invalid_argument("ApplyColorMatch: CV_8UC3 expected");
  const cv::Matx33d gain(match.gain[0], 0, 0, 0, match.gain[1], 0, 0, 0, match.gain[2]);
  const cv::Matx33d turn = kBgrFromOpponent * gain * kOpponentFromBgr;
  const cv::Vec3d shift = kBgrFromOpponent * cv::Vec3d(match.offset[0], match.offset[1], match.offset[2]);
  cv::Matx34f whole;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) whole(r, c) = static_cast<float>(turn(r, c));
    whole(r, 3) = static_cast<float>(shift[r]);
  }
  cv::Mat out;
  cv::transform(bgr, out, whole);
  return out;
}

}  // namespace reelswap
