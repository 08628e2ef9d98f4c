#include "compose/sharpening.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

cv::Mat Skin(double blur, double noise = 0, double light = 1) {
  cv::Mat picture(64, 64, CV_8UC3);
  cv::RNG rng(5);
  rng.fill(picture, cv::RNG::UNIFORM, 60, 180);
  cv::GaussianBlur(picture, picture, {}, blur);
  if (noise > 0) {
    cv::Mat grain(picture.size(), CV_16SC3);
    rng.fill(grain, cv::RNG::NORMAL, 0, noise);
    cv::add(picture, grain, picture, cv::noArray(), CV_8U);
  }
  picture *= light;
  return picture;
}

TEST(MeasureSharpening, IsZeroForACropAsSharpAsTheFrame) {
  EXPECT_EQ(MeasureSharpening(Skin(1), Skin(1)), 0);
  EXPECT_EQ(MeasureSharpening(Skin(2), Skin(1)), 0);
  EXPECT_EQ(MeasureSharpening(cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(9)), Skin(1)), 0);
}

TEST(MeasureSharpening, BringsTheDetailToTheFrames) {
  const cv::Mat frame = Skin(1.0), crop = Skin(1.15);
  const float strength = MeasureSharpening(frame, crop);
  EXPECT_GT(strength, 0.1f);
  // Sharpened by what was measured there is little left to do.
  EXPECT_LT(MeasureSharpening(frame, Sharpened(crop, strength)), 0.25f * strength);
}

TEST(MeasureSharpening, IsBounded) {
  EXPECT_LE(MeasureSharpening(Skin(0.6, 20), Skin(4)), 1.2f);
  EXPECT_GE(MeasureSharpening(Skin(0.6, 20), cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(100))), 0);
}

TEST(MeasureSharpening, DoesNotCountBrightness) {
  EXPECT_NEAR(MeasureSharpening(Skin(1.0, 0, 0.5), Skin(1.15)), MeasureSharpening(Skin(1.0), Skin(1.15)), 0.1);
}

TEST(MeasureSharpening, HardlyMovesWithTheGrain) {
  // Two frames of one scene: same detail, other grain. What is sharpened must not flicker with it.
  cv::RNG rng(9);
  float least = 9, most = 0;
  for (int frame = 0; frame < 8; ++frame) {
    cv::Mat grain(64, 64, CV_16SC3), picture;
    rng.fill(grain, cv::RNG::NORMAL, 0, 2);
    cv::add(Skin(1.0), grain, picture, cv::noArray(), CV_8U);
    const float strength = MeasureSharpening(picture, Skin(1.3));
    least = std::min(least, strength);
    most = std::max(most, strength);
  }
  EXPECT_LT(most - least, 0.05f);
}

TEST(Sharpened, GivesEdgesNoHalo) {
  cv::Mat edge(32, 32, CV_8UC3, cv::Scalar::all(80));
  edge.colRange(16, 32).setTo(cv::Scalar::all(160));
  cv::GaussianBlur(edge, edge, {}, 1.2);
  double low = 0, high = 0;
  cv::minMaxLoc(Sharpened(edge, 1.2f).reshape(1), &low, &high);
  EXPECT_GE(low, 80 - 4);  // levels, see Sharpened
  EXPECT_LE(high, 160 + 4);
}

TEST(Sharpened, LeavesAFlatPictureAndZeroStrengthAlone) {
  const cv::Mat flat(16, 16, CV_8UC3, cv::Scalar(10, 100, 250)), picture = Skin(1);
  EXPECT_EQ(cv::norm(Sharpened(flat, 1.2f), flat, cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(Sharpened(picture, 0), picture, cv::NORM_INF), 0);
}

}  // namespace
}  // namespace reelswap
