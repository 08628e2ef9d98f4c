#include "compose/blend_correction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace reelswap {
namespace {

constexpr int kSide = 64;

// A round face of radius 22 cells whose soft edge is 4 cells wide.
BlendGrid RoundFace(const cv::Mat& difference) {
  BlendGrid grid;
  grid.difference = difference;
  grid.known = cv::Mat(kSide, kSide, CV_8UC1, cv::Scalar(255));
  grid.depth = cv::Mat(kSide, kSide, CV_32FC1);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) grid.depth.at<float>(y, x) = (22 - std::hypot(x - 31.5f, y - 31.5f)) / 4;
  }
  return grid;
}

cv::Mat Slope(float per_x, float per_y, float base) {
  cv::Mat slope(kSide, kSide, CV_32FC3);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const float v = base + per_x * static_cast<float>(x - 32) + per_y * static_cast<float>(y - 32);
      slope.at<cv::Vec3f>(y, x) = {v, v / 2, -v};
    }
  }
  return slope;
}

double FarthestInside(const cv::Mat& a, const cv::Mat& b, const BlendGrid& grid, float from_depth) {
  double most = 0;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      if (grid.depth.at<float>(y, x) < from_depth) continue;
      most = std::max(most, cv::norm(a.at<cv::Vec3f>(y, x) - b.at<cv::Vec3f>(y, x)));
    }
  }
  return most;
}

TEST(PoissonCorrection, IsTheMembraneThroughTheEdge) {
  // A slope is harmonic: known at the edge alone it must come out everywhere inside.
  const cv::Mat slope = Slope(0.5f, -0.2f, 10);
  BlendGrid grid = RoundFace(slope);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      if (grid.depth.at<float>(y, x) > 1) grid.difference.at<cv::Vec3f>(y, x) = {90, -90, 40};  // features: must not count
    }
  }
  EXPECT_LT(FarthestInside(PoissonCorrection(grid), Slope(0.5f, -0.2f, 10), grid, 0.5f), 0.6);  // of 24 levels over the face
}

TEST(PoissonCorrection, HoldsBackWhatIsNoLight) {
  // Hair reaches over a tenth of the edge and is 100 levels darker: the face must not be drawn there.
  BlendGrid grid = RoundFace(Slope(0, 0, 8));
  grid.difference.rowRange(0, 14).setTo(cv::Scalar::all(-100));
  const cv::Vec3f middle = PoissonCorrection(grid).at<cv::Vec3f>(32, 32);
  EXPECT_NEAR(middle[0], 8, 3);
}

TEST(PoissonCorrection, PassesOverPlacesThatAreNotKnown) {
  BlendGrid grid = RoundFace(Slope(0, 0, 12));
  grid.difference.colRange(0, 32).setTo(cv::Scalar::all(-50));  // outside of the picture or behind a hand
  grid.known.colRange(0, 32).setTo(0);
  EXPECT_LT(FarthestInside(PoissonCorrection(grid), Slope(0, 0, 12), grid, 0.5f), 0.5);
}

TEST(PoissonCorrection, IsZeroWithoutAKnownEdge) {
  BlendGrid grid = RoundFace(Slope(1, 1, 40));
  grid.known.setTo(0);
  EXPECT_EQ(cv::norm(PoissonCorrection(grid), cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(MultiBandCorrection(grid), cv::NORM_INF), 0);
  grid = RoundFace(Slope(1, 1, 40));
  grid.depth.setTo(3);
  EXPECT_EQ(cv::norm(PoissonCorrection(grid), cv::NORM_INF), 0);
}

TEST(MultiBandCorrection, MeetsTheFrameAtTheEdgeAndLeavesTheMiddle) {
  const BlendGrid grid = RoundFace(Slope(0, 0, 20));
  const cv::Mat correction = MultiBandCorrection(grid);
  float last = 100;
  for (int x = 11; x <= 32; ++x) {  // from the edge to the middle
    const float here = correction.at<cv::Vec3f>(32, x)[0];
    EXPECT_LE(here, last + 0.05f) << x;
    EXPECT_GE(here, -0.1f);
    last = here;
  }
  EXPECT_GT(correction.at<cv::Vec3f>(32, 11)[0], 15);
  EXPECT_LT(correction.at<cv::Vec3f>(32, 32)[0], 1);
}

TEST(MultiBandCorrection, LetsFineDetailCrossOverQuickly) {
  // Stripes two cells wide differ: half way into the wide edges they are as the face has them already.
  BlendGrid grid = RoundFace(cv::Mat::zeros(kSide, kSide, CV_32FC3));
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) grid.difference.at<cv::Vec3f>(y, x) = cv::Vec3f::all(y / 2 % 2 ? 15.0f : -15.0f);
  }
  const cv::Mat correction = MultiBandCorrection(grid);
  for (int y = 24; y < 40; ++y) EXPECT_LT(std::abs(correction.at<cv::Vec3f>(y, 16)[0]), 4) << y;  // 1.6 edges deep, of 15
}

TEST(MultiBandCorrection, IsZeroForEqualPictures) {
  const BlendGrid grid = RoundFace(cv::Mat::zeros(kSide, kSide, CV_32FC3));
  EXPECT_EQ(cv::norm(MultiBandCorrection(grid), cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(PoissonCorrection(grid), cv::NORM_INF), 0);
}

}  // namespace
}  // namespace reelswap
