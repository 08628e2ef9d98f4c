#include "compose/color_match.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace reelswap {
namespace {

cv::Mat Noise(int low, int high, uint64_t seed) {
  cv::Mat noise(40, 40, CV_8UC3);
  cv::RNG rng(seed);
  rng.fill(noise, cv::RNG::UNIFORM, low, high);
  return noise;
}

const cv::Mat kEverywhere(40, 40, CV_8UC1, cv::Scalar(255));

TEST(MeasureColorMatch, TurnsOneFlatColourIntoTheOther) {
  const cv::Mat from(40, 40, CV_8UC3, cv::Scalar(60, 100, 140));
  const cv::Mat to(40, 40, CV_8UC3, cv::Scalar(130, 120, 200));
  const ColorMatch match = MeasureColorMatch(to, from, kEverywhere);
  EXPECT_LE(cv::norm(ApplyColorMatch(from, match), to, cv::NORM_INF), 1);  // a level of rounding
}

TEST(MeasureColorMatch, IsNoneForEqualPictures) {
  const cv::Mat picture = Noise(20, 230, 1);
  const ColorMatch match = MeasureColorMatch(picture, picture, kEverywhere);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(match.gain[i], 1, 1e-6);
    EXPECT_NEAR(match.offset[i], 0, 1e-3);
  }
  EXPECT_LE(cv::norm(ApplyColorMatch(picture, match), picture, cv::NORM_INF), 1);
}

TEST(MeasureColorMatch, ScalesContrastsWithTheMean) {
  const cv::Mat bright = Noise(120, 220, 2);
  const cv::Mat half = bright * 0.5;
  const ColorMatch darker = MeasureColorMatch(half, bright, kEverywhere);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(darker.gain[i], 0.5, 0.02) << i;  // the least spread, 3 levels, beside 14
  EXPECT_LE(cv::norm(ApplyColorMatch(bright, darker), half, cv::NORM_INF), 2);
}

TEST(MeasureColorMatch, CorrectsTheSpreadByATenthAtMost) {
  const cv::Mat narrow = Noise(103, 153, 2);  // all of mean 128
  const ColorMatch wider = MeasureColorMatch(Noise(0, 256, 4), narrow, kEverywhere);
  EXPECT_NEAR(wider.gain[0], 1.1, 0.02);
  EXPECT_NEAR(wider.gain[1], 1.0, 0.02);
  const ColorMatch narrower =
      MeasureColorMatch(cv::Mat(40, 40, CV_8UC3, cv::Scalar::all(128)), narrow, kEverywhere);
  EXPECT_NEAR(narrower.gain[0], 0.9, 0.02);
}

TEST(MeasureColorMatch, BoundsWhatAMeanMayDo) {
  const ColorMatch match = MeasureColorMatch(Noise(180, 256, 5), Noise(1, 40, 6), kEverywhere);
  for (int i = 1; i < 3; ++i) EXPECT_FLOAT_EQ(match.gain[i], 2.0f);
}

TEST(MeasureColorMatch, DoesNotBlowUpTheNoiseOfAFlatPicture) {
  const ColorMatch match = MeasureColorMatch(Noise(0, 256, 5), Noise(127, 130, 6), kEverywhere);
  for (int i = 0; i < 3; ++i) EXPECT_LE(match.gain[i], 1.4f);
}

TEST(MeasureColorMatch, LooksOnlyWhereTheWeightIs) {
  cv::Mat to(40, 40, CV_8UC3, cv::Scalar::all(100));
  to.colRange(0, 20).setTo(cv::Scalar(255, 0, 255));
  cv::Mat weight = kEverywhere.clone();
  weight.colRange(0, 20).setTo(0);
  const cv::Mat from(40, 40, CV_8UC3, cv::Scalar::all(80));
  const ColorMatch match = MeasureColorMatch(to, from, weight);
  EXPECT_LE(
      cv::norm(ApplyColorMatch(from, match), cv::Mat(40, 40, CV_8UC3, cv::Scalar::all(100)), cv::NORM_INF),
      1);
}

TEST(MeasureColorMatch, FadesToNoneWithTheWeight) {
  const cv::Mat from(40, 40, CV_8UC3, cv::Scalar::all(80)), to(40, 40, CV_8UC3, cv::Scalar::all(120));
  cv::Mat weight = cv::Mat::zeros(40, 40, CV_8UC1);
  EXPECT_EQ(MeasureColorMatch(to, from, weight), ColorMatch{});
  weight(cv::Rect(0, 0, 30, 1)).setTo(255);
  const ColorMatch match = MeasureColorMatch(to, from, weight);
  EXPECT_NEAR(match.gain[0] * 80 + match.offset[0], 100, 0.1);  // 30 of 60 samples: half of 40 levels
}

TEST(MeasureColorMatch, RefusesSizesThatDiffer) {
  const cv::Mat picture = Noise(0, 256, 7);
  EXPECT_THROW(MeasureColorMatch(picture, cv::Mat(41, 40, CV_8UC3), kEverywhere), std::invalid_argument);
  EXPECT_THROW(MeasureColorMatch(picture, picture, cv::Mat(40, 40, CV_8UC3)), std::invalid_argument);
}

TEST(ApplyColorMatch, ClipsInsteadOfWrapping) {
  ColorMatch match;
  match.offset = {200, 0, 0};
  const cv::Mat bright = ApplyColorMatch(cv::Mat(4, 4, CV_8UC3, cv::Scalar(100, 150, 200)), match);
  EXPECT_EQ(bright.at<cv::Vec3b>(0, 0), cv::Vec3b(255, 255, 255));
}

}  // namespace
}  // namespace reelswap
