#include "model/random_warp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "testing/drawn_faces.h"

namespace reelswap {
namespace {

constexpr CropGeometry kStored{256, 1.8f, 0.1f};

WarpDraw JitterOnly(uint64_t seed) {
  SampleRandom random(seed, 0, 0, 0);
  return DrawWarp(random, {.rotation_degrees = 0, .zoom = 0, .shift = 0, .flip_probability = 0});
}

double MeanDifference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / (a.total() * 3.0);
}

TEST(RandomWarp, GivesTheSamePictureTwiceWithoutAnyJitter) {
  const cv::Mat face = testing::DrawFace(0, 3, 256);
  const CropGeometry same{256, 1.8f, 0.1f};
  EXPECT_EQ(cv::norm(CutWarped(face, CropFromUnit(kStored), same, {}), face, cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(CutTarget(face, CropFromUnit(kStored), same, {}), face, cv::NORM_INF), 0);
}

TEST(RandomWarp, CutsWarpedAndTargetAlikeWithoutJitterInAnotherGeometry) {
  const cv::Mat face = testing::DrawFace(1, 2, 256);
  WarpDraw draw;
  draw.angle = 0.1;
  draw.zoom = 1.04;
  draw.shift = {0.03, -0.05};
  draw.flip = true;
  const CropGeometry wanted{128, 1.4f, 0.1f};
  const cv::Mat warped = CutWarped(face, CropFromUnit(kStored), wanted, draw);
  const cv::Mat target = CutTarget(face, CropFromUnit(kStored), wanted, draw);
  EXPECT_LT(MeanDifference(warped, target),
            0.5);  // grey levels: both round positions to 1/32 px, differently
}

TEST(RandomWarp, MapsTheUnitSquareToTheMiddleOfTheCrop) {
  const cv::Matx23d m = CropFromUnit({256, 1.6f, 0.0f});
  EXPECT_NEAR(m(0, 0) * 0.5 + m(0, 2), 208, 1e-4);  // px: the classic 160 px square inside 256
  EXPECT_NEAR(m(0, 0) * -0.5 + m(0, 2), 48, 1e-4);
}

TEST(RandomWarp, FlipsAboutTheMeanFacesAxis) {
  cv::Mat face = testing::DrawFace(0, 0, 256);
  cv::circle(face, {60, 60}, 12, {0, 0, 255}, -1);
  WarpDraw flip;
  flip.flip = true;
  const cv::Mat flipped = CutTarget(face, CropFromUnit(kStored), kStored, flip);
  // The axis is px 128: column 60 goes to column 196.
  EXPECT_EQ(flipped.at<cv::Vec3b>(60, 196), (cv::Vec3b{0, 0, 255}));
  EXPECT_NE(flipped.at<cv::Vec3b>(60, 60), (cv::Vec3b{0, 0, 255}));
}

TEST(RandomWarp, TurnsAboutTheMiddleOfTheCropByTheDrawnAngle) {
  cv::Mat face(256, 256, CV_8UC3, cv::Scalar(0, 0, 0));
  cv::circle(face, {178, 128}, 5, {255, 255, 255}, -1);  // 50 px to the right of the middle
  WarpDraw draw;
  draw.angle = 10 * CV_PI / 180;
  const cv::Mat turned = CutTarget(face, CropFromUnit(kStored), kStored, draw);
  const cv::Moments m = cv::moments(turned.reshape(1).colRange(0, 768).rowRange(0, 256), true);
  const double x = m.m10 / m.m00 / 3, y = m.m01 / m.m00;
  EXPECT_NEAR(x, 128 + 50 * std::cos(draw.angle), 1.0);  // px
  EXPECT_NEAR(y, 128 + 50 * std::sin(draw.angle), 1.0);
}

TEST(RandomWarp, TargetUndoesWhatTheJitterHasInCommon) {
  // All nodes moved and scaled alike: exactly a similarity, so warped and target are the same picture.
  WarpDraw draw;
  for (int i = 0; i < 25; ++i) {
    const double x = (i % 5) / 4.0, y = (i / 5) / 4.0;
    draw.jitter[i] = {0.04 * x + 0.02, 0.04 * y - 0.01};
  }
  const cv::Matx23d m = WarpedFromTarget(draw);
  EXPECT_NEAR(m(0, 0), 1.04, 1e-12);
  EXPECT_NEAR(m(0, 1), 0, 1e-12);
  EXPECT_NEAR(m(0, 2), 0.02, 1e-12);
  EXPECT_NEAR(m(1, 2), -0.01, 1e-12);
}

TEST(RandomWarp, IsALeastSquaresFitForRandomJitter) {
  const WarpDraw draw = JitterOnly(5);
  const cv::Matx23d best = WarpedFromTarget(draw);
  // Umeyama minimises over target = f(jittered); measured there, no neighbour does better.
  const auto cost = [&](double da, double db, double dx, double dy) {
    const double d = best(0, 0) * best(0, 0) + best(1, 0) * best(1, 0);
    const double a = best(0, 0) / d + da, b = -best(1, 0) / d + db;
    const double tx = -(best(0, 0) * best(0, 2) + best(1, 0) * best(1, 2)) / d + dx;
    const double ty = -(-best(1, 0) * best(0, 2) + best(0, 0) * best(1, 2)) / d + dy;
    double sum = 0;
    for (int i = 0; i < 25; ++i) {
      const cv::Point2d q((i % 5) / 4.0, (i / 5) / 4.0), p = q + draw.jitter[i];
      sum += std::pow(a * p.x - b * p.y + tx - q.x, 2) + std::pow(b * p.x + a * p.y + ty - q.y, 2);
    }
    return sum;
  };
  const double at_best = cost(0, 0, 0, 0);
  for (const double e : {-1e-3, 1e-3}) {
    EXPECT_LT(at_best, cost(e, 0, 0, 0));
    EXPECT_LT(at_best, cost(0, e, 0, 0));
    EXPECT_LT(at_best, cost(0, 0, e, 0));
    EXPECT_LT(at_best, cost(0, 0, 0, e));
  }
}

TEST(RandomWarp, JittersNodesByAThirtySecondOfTheSide) {
  double square_sum = 0;
  int n = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    for (const cv::Point2d& j : JitterOnly(seed).jitter) {
      square_sum += j.x * j.x + j.y * j.y;
      n += 2;
    }
  }
  EXPECT_NEAR(std::sqrt(square_sum / n), 5.0 / 160.0,
              0.0005);  // 20,000 draws: 0.5 % of sigma, three of those
}

TEST(RandomWarp, DrawsTheSameForTheSameKeyAndAnotherForEveryOther) {
  SampleRandom a(1, 2, 3, 4), b(1, 2, 3, 4);
  EXPECT_EQ(a.Next(), b.Next());
  const uint64_t first = SampleRandom(1, 2, 3, 4).Next();
  EXPECT_NE(first, SampleRandom(2, 2, 3, 4).Next());
  EXPECT_NE(first, SampleRandom(1, 3, 3, 4).Next());
  EXPECT_NE(first, SampleRandom(1, 2, 4, 4).Next());
  EXPECT_NE(first, SampleRandom(1, 2, 3, 5).Next());
}

TEST(RandomWarp, StaysInItsRangesAndFlipsHalf) {
  int flips = 0;
  for (uint64_t k = 0; k < 2000; ++k) {
    SampleRandom random(7, 0, 0, k);
    const WarpDraw draw = DrawWarp(random, {});
    EXPECT_LE(std::abs(draw.angle), 10 * CV_PI / 180);
    EXPECT_LE(std::abs(draw.zoom - 1), 0.05);
    EXPECT_LE(std::max(std::abs(draw.shift.x), std::abs(draw.shift.y)), 0.08);
    flips += draw.flip;
  }
  EXPECT_NEAR(flips, 1000, 90);  // four standard deviations of 2000 fair coins
}

TEST(JitterColors, ChangesTheLightOfAPictureAndNothingAtStrengthZero) {
  const cv::Mat face = testing::DrawFace(0, 3, 64);
  SampleRandom random(7, 0, 0, 0), untouched(7, 0, 0, 0);
  cv::Mat picture = face.clone();
  JitterColors(random, 0, picture);
  EXPECT_EQ(cv::norm(picture, face, cv::NORM_INF), 0);
  EXPECT_EQ(random.Next(), untouched.Next());  // the stream of draws of a recipe without jitter stays what it was
  double largest = 0;
  for (int i = 0; i < 20; ++i) {
    picture = face.clone();
    JitterColors(random, 0.05, picture);
    const cv::Scalar before = cv::mean(face), after = cv::mean(picture);
    for (int c = 0; c < 3; ++c) largest = std::max(largest, std::abs(after[c] / before[c] - 1));
  }
  EXPECT_GT(largest, 0.03);  // of a channel's mean: about the gain's range ...
  EXPECT_LT(largest, 0.20);  // ... and no more than gain and gamma together can do at middle grey
}

}  // namespace
}  // namespace reelswap
