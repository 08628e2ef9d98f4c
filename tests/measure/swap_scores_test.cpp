#include "measure/swap_scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// A frontal face in 200 x 200 px: jaw on a half circle, outer eye corners 80 px apart.
Landmarks SomeFace() {
  Landmarks face;
  for (int i = 0; i < 17; ++i) {
    const double angle = CV_PI * i / 16;
    face[i] = {static_cast<float>(100 - 70 * std::cos(angle)), static_cast<float>(90 + 80 * std::sin(angle))};
  }
  for (int i = 17; i < kLandmarkCount; ++i) {
    face[i] = {static_cast<float>(60 + 7 * (i * 5 % 12)), static_cast<float>(60 + (i * 13) % 80)};
  }
  face[36] = {60, 80};
  face[45] = {140, 80};
  return face;
}

Landmarks Moved(Landmarks face, double scale, double degrees, cv::Point2f by) {
  const double c = scale * std::cos(degrees * CV_PI / 180), s = scale * std::sin(degrees * CV_PI / 180);
  for (cv::Point2f& p : face) {
    p = cv::Point2f(static_cast<float>(c * p.x - s * p.y), static_cast<float>(s * p.x + c * p.y)) + by;
  }
  return face;
}

/// Smooth stripes with noise; never flat.
cv::Mat SomePicture(int seed, cv::Size size = {80, 60}) {
  cv::Mat picture(size, CV_8UC3);
  cv::RNG random(static_cast<uint64_t>(seed));
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const int wave = static_cast<int>(110 + 50 * std::sin(0.3 * x + seed) + 30 * std::cos(0.2 * y));
      for (int c = 0; c < 3; ++c)
        picture.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<uchar>(wave + random.uniform(-9, 10));
    }
  }
  return picture;
}

cv::Mat Flat(int level, cv::Size size = {80, 60}) { return cv::Mat(size, CV_8UC3, cv::Scalar::all(level)); }
cv::Mat Whole(cv::Size size = {80, 60}) { return cv::Mat(size, CV_8UC1, cv::Scalar(255)); }
cv::Mat Left(cv::Size size = {80, 60}) {
  cv::Mat mask = cv::Mat::zeros(size, CV_8UC1);
  mask(cv::Rect(0, 0, size.width / 2, size.height)) = 1;  // any number but 0 counts
  return mask;
}

TEST(FaceHullMask, CoversTheHullOfAllLandmarks) {
  const cv::Mat mask = FaceHullMask(SomeFace(), {200, 200});
  EXPECT_EQ(mask.type(), CV_8UC1);
  EXPECT_EQ(mask.at<uchar>(90, 100), 255);
  EXPECT_EQ(mask.at<uchar>(165, 100), 255);  // within the jaw
  EXPECT_EQ(mask.at<uchar>(175, 100), 0);    // below the chin
  EXPECT_EQ(mask.at<uchar>(20, 20), 0);
  EXPECT_EQ(cv::countNonZero(mask), cv::countNonZero(mask == 255));
}

TEST(FaceHullMask, IsCutAtTheBordersAndEmptyOutside) {
  EXPECT_GT(cv::countNonZero(FaceHullMask(SomeFace(), {100, 100})), 100);
  EXPECT_EQ(cv::countNonZero(FaceHullMask(Moved(SomeFace(), 1, 0, {500, 0}), {200, 200})), 0);
  EXPECT_EQ(cv::countNonZero(FaceHullMask(Moved(SomeFace(), 1, 0, {-9e5f, 9e5f}), {200, 200})), 0);
}

TEST(FaceHullMask, RefusesWhatIsNoPlaceOrNoSize) {
  Landmarks broken = SomeFace();
  broken[3].x = kNaN;
  EXPECT_THROW(FaceHullMask(broken, {200, 200}), std::invalid_argument);
  broken[3].x = std::numeric_limits<float>::infinity();
  EXPECT_THROW(FaceHullMask(broken, {200, 200}), std::invalid_argument);
  EXPECT_THROW(FaceHullMask(SomeFace(), {0, 10}), std::invalid_argument);
}

TEST(RegionSsim, IsOneForEqualPicturesAndSymmetric) {
  const cv::Mat a = SomePicture(1), b = SomePicture(2);
  EXPECT_NEAR(RegionSsim(a, a, Whole()), 1, 1e-6);
  EXPECT_NEAR(RegionSsim(a, b, Whole()), RegionSsim(b, a, Whole()), 1e-6);
  EXPECT_LT(RegionSsim(a, b, Whole()), 0.8);
}

// For flat pictures only the luminance term is left: (2ab + C1) / (a^2 + b^2 + C1).
TEST(RegionSsim, HasWangsValueForFlatPictures) {
  const double c1 = 0.01 * 255 * 0.01 * 255;
  EXPECT_NEAR(RegionSsim(Flat(100), Flat(150), Whole()), (2 * 100 * 150 + c1) / (100 * 100 + 150 * 150 + c1),
              1e-4);
}

TEST(RegionSsim, FallsWithTheDamage) {
  const cv::Mat sharp = SomePicture(1);
  cv::Mat soft, softer;
  cv::GaussianBlur(sharp, soft, {}, 1);
  cv::GaussianBlur(sharp, softer, {}, 4);
  EXPECT_LT(RegionSsim(sharp, soft, Whole()), 0.99);
  EXPECT_LT(RegionSsim(sharp, softer, Whole()), RegionSsim(sharp, soft, Whole()) - 0.05);
}

TEST(RegionSsim, LooksOnlyAtTheMaskAndItsWindow) {
  const cv::Mat a = SomePicture(1);
  cv::Mat b = a.clone();
  b(cv::Rect(46, 0, 34, 60)) = cv::Scalar(0, 0, 255);  // the mask ends at 40, the window reaches 5 px
  EXPECT_NEAR(RegionSsim(a, b, Left()), 1, 1e-6);
  EXPECT_LT(RegionSsim(a, b, Whole()), 0.8);
}

TEST(RegionL1, IsTheMeanDifferenceOverTheMask) {
  cv::Mat b = Flat(100);
  b(cv::Rect(40, 0, 40, 60)) = cv::Scalar(100, 100, 151);
  EXPECT_EQ(RegionL1(Flat(100), b, Left()), 0);
  EXPECT_NEAR(RegionL1(Flat(100), b, Whole()), 51 / 3.0 / 2 / 255, 1e-9);
  EXPECT_NEAR(RegionL1(Flat(0), Flat(255), Whole()), 1, 1e-9);
}

TEST(RegionMeasures, RefuseWhatDoesNotFit) {
  const cv::Mat a = SomePicture(1), none = cv::Mat::zeros(60, 80, CV_8UC1);
  for (const auto measure : {RegionSsim, RegionL1}) {
    EXPECT_THROW(measure(a, SomePicture(1, {40, 60}), Whole()), std::invalid_argument);
    EXPECT_THROW(measure(a, a, Whole({40, 60})), std::invalid_argument);
    EXPECT_THROW(measure(a, a, none), std::invalid_argument);
    EXPECT_THROW(measure(a, a, a), std::invalid_argument);
    EXPECT_THROW(measure(a, cv::Mat(), Whole()), std::invalid_argument);
    EXPECT_THROW(measure(cv::Mat(), cv::Mat(), cv::Mat()), std::invalid_argument);
  }
}

TEST(LandmarkError, IsTheShiftInPercentOfTheInterOcularDistance) {
  const Landmarks truth = SomeFace();
  EXPECT_EQ(LandmarkError(truth, truth), 0);
  EXPECT_NEAR(LandmarkError(Moved(truth, 1, 0, {2.4f, 3.2f}), truth), 100 * 4 / 80.0, 1e-4);  // 4 px of 80
}

TEST(LandmarkError, LeavesTheJawOut) {
  Landmarks found = SomeFace();
  for (int i = 0; i < 17; ++i) found[i] += cv::Point2f(30, 0);
  EXPECT_EQ(LandmarkError(found, SomeFace()), 0);
  found[17].x += 51;
  EXPECT_NEAR(LandmarkError(found, SomeFace()), 100 * 1 / 80.0, 1e-4);  // 51 px over 51 points
}

TEST(LandmarkError, RefusesWhatIsNoFace) {
  Landmarks broken = SomeFace();
  broken[40].y = kNaN;
  EXPECT_THROW(LandmarkError(broken, SomeFace()), std::invalid_argument);
  EXPECT_THROW(LandmarkError(SomeFace(), broken), std::invalid_argument);
  EXPECT_THROW(LandmarkError(SomeFace(), Landmarks{}), std::invalid_argument);  // eyes coincide
}

TEST(ExpressionError, DoesNotSeePlaceSizeOrRoll) {
  const Landmarks face = SomeFace();
  EXPECT_NEAR(ExpressionError(Moved(face, 1.7, 25, {40, -90}), face), 0, 1e-3);  // single precision
  EXPECT_GT(LandmarkError(Moved(face, 1.7, 25, {40, -90}), face), 50);
}

TEST(ExpressionError, SeesAnOpenMouth) {
  Landmarks open = SomeFace(), wider = open;
  for (int i = 55; i < 60; ++i) {
    open[i].y += 5;
    wider[i].y += 10;
  }
  const double little = ExpressionError(open, SomeFace()), more = ExpressionError(wider, SomeFace());
  EXPECT_GT(little, 0.3);
  EXPECT_NEAR(more, 2 * little, 0.1 * more);
  EXPECT_NEAR(ExpressionError(Moved(open, 0.6, -12, {3, 4}), SomeFace()), little, 1e-3);
}

// A mirror image is no similarity: it must not be explained away.
TEST(ExpressionError, SeesAMirroredFace) {
  Landmarks mirrored = SomeFace();
  for (cv::Point2f& p : mirrored) p.x = 200 - p.x;
  EXPECT_GT(ExpressionError(mirrored, SomeFace()), 5);
}

TEST(ExpressionError, RefusesWhatIsNoFace) {
  Landmarks broken = SomeFace();
  broken[40].y = kNaN;
  EXPECT_THROW(ExpressionError(broken, SomeFace()), std::invalid_argument);
  EXPECT_THROW(ExpressionError(SomeFace(), Landmarks{}), std::invalid_argument);
  EXPECT_THROW(ExpressionError(Landmarks{}, SomeFace()), std::invalid_argument);
}

TEST(PoseError, IsTheLargestDifference) {
  EXPECT_EQ(PoseError({1, 2, 3}, {1, 2, 3}), 0);
  EXPECT_FLOAT_EQ(static_cast<float>(PoseError({10, -3, 0}, {8, 4, 1})), 7);
  EXPECT_THROW(PoseError({kNaN, 0, 0}, {}), std::invalid_argument);
  EXPECT_THROW(PoseError({}, {0, 0, kNaN}), std::invalid_argument);
}

TEST(Flicker, IsNothingForAStillAndForASteadyFade) {
  const cv::Mat masks[] = {Whole()};
  const cv::Mat still[] = {SomePicture(1), SomePicture(1), SomePicture(1), SomePicture(1)};
  EXPECT_EQ(Flicker(still, masks), 0);
  const cv::Mat fade[] = {Flat(10), Flat(20), Flat(30), Flat(40)};
  EXPECT_EQ(Flicker(fade, masks), 0);
}

TEST(Flicker, OfAFlashIsItsSecondDifference) {
  const cv::Mat masks[] = {Whole()};
  const cv::Mat flashing[] = {Flat(100), Flat(110), Flat(100), Flat(110)};
  EXPECT_NEAR(Flicker(flashing, masks), 20, 1e-9);  // 100 - 2 * 110 + 100
  const cv::Mat once[] = {Flat(0), Flat(255), Flat(0), Flat(0)};
  EXPECT_NEAR(Flicker(once, masks), (510 + 255) / 2.0, 1e-9);  // no clipping at 255
}

TEST(Flicker, CountsTheMasksCommonAreaOnly) {
  std::vector<cv::Mat> frames = {Flat(50), Flat(50), Flat(50)};
  frames[1](cv::Rect(40, 0, 40, 60)) = cv::Scalar::all(60);
  const std::vector<cv::Mat> left = {Whole(), Left(), Whole()}, whole = {Whole(), Whole(), Whole()};
  EXPECT_EQ(Flicker(frames, left), 0);
  EXPECT_NEAR(Flicker(frames, whole), 10, 1e-9);
}

TEST(Flicker, LeavesOutFramesWithoutAFace) {
  const cv::Mat none = cv::Mat::zeros(60, 80, CV_8UC1);
  const std::vector<cv::Mat> frames = {Flat(0), Flat(99), Flat(50), Flat(55), Flat(50)};
  const std::vector<cv::Mat> masks = {none, none, Whole(), Whole(), Whole()};
  EXPECT_NEAR(Flicker(frames, masks), 10, 1e-9);
  EXPECT_THROW(Flicker(frames, std::vector<cv::Mat>(5, none)), std::invalid_argument);
  EXPECT_EQ(cv::countNonZero(none), 0);  // the caller's masks stay as they are
}

TEST(Flicker, RefusesWhatDoesNotFit) {
  const std::vector<cv::Mat> two(2, Flat(1)), three(3, Flat(1));
  const std::vector<cv::Mat> whole = {Whole()}, small = {Whole({40, 60})};
  EXPECT_THROW(Flicker(two, whole), std::invalid_argument);
  EXPECT_THROW(Flicker(three, {}), std::invalid_argument);
  EXPECT_THROW(Flicker(three, std::vector<cv::Mat>(2, Whole())), std::invalid_argument);
  EXPECT_THROW(Flicker(three, small), std::invalid_argument);
  EXPECT_THROW(Flicker(std::vector<cv::Mat>{Flat(1), Flat(1), Flat(1, {40, 60})}, whole),
               std::invalid_argument);
}

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({9, 1, 5, 4}), 4.5);
  EXPECT_THROW(Median({1, std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
