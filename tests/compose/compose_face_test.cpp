#include "compose/compose_face.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "compose/drawn_face.h"
#include "core/frame.h"

namespace reelswap {
namespace {

using testing::DrawnLandmarks;
using testing::DrawnTransform;
using testing::FlatSwap;

const cv::Size kFrame(640, 480);
const cv::Point2f kCenter(320, 240);

cv::Mat Noise(cv::Size size, int low, int high, uint64_t seed) {
  cv::Mat noise(size, CV_8UC3);
  cv::RNG rng(seed);
  rng.fill(noise, cv::RNG::UNIFORM, low, high);
  return noise;
}

// The hull as the contract words it, drawn independently of the code under test.
std::vector<cv::Point2f> HullOf(const Landmarks& landmarks, float brow_raise) {
  std::vector<cv::Point2f> points(landmarks.begin(), landmarks.end()), hull;
  for (int side = 0; side < 2; ++side) {
    cv::Point2f brow(0, 0), eye(0, 0);
    for (int i = 0; i < 5; ++i) brow += landmarks[17 + 5 * side + i] * 0.2f;
    for (int i = 0; i < 6; ++i) eye += landmarks[36 + 6 * side + i] * (1.0f / 6.0f);
    for (int i = 0; i < 5; ++i) points.push_back(landmarks[17 + 5 * side + i] + brow_raise * (brow - eye));
  }
  cv::convexHull(points, hull);
  return hull;
}

uchar MaskAt(const FacePatch& patch, cv::Point2f p) {
  return patch.mask.at<uchar>(cv::Point(cvRound(p.x), cvRound(p.y)) - patch.roi.tl());
}

FacePatch Composed(const cv::Mat& frame, const SwappedFace& swapped, const Landmarks& landmarks,
                   const ComposeOptions& options = {}) {
  const cv::Rect roi = FaceRegion(swapped, landmarks, frame.size(), options);
  return ComposeFace(frame(roi), roi, swapped, landmarks, options);
}

TEST(FaceRegion, HoldsTheHullAndLittleMore) {
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  const cv::Rect region = FaceRegion(FlatSwap(kCenter, 200, 128, {}), landmarks, kFrame);
  const cv::Rect2f hull = cv::boundingRect(HullOf(landmarks, ComposeOptions{}.brow_raise));
  EXPECT_EQ(cv::Rect2f(region) & hull, hull);
  EXPECT_LE(region.width, hull.width + 6);  // px: one of margin and one of even rounding a side
  EXPECT_LE(region.height, hull.height + 6);
}

TEST(FaceRegion, IsCutToTheCropSquare) {
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, {});
  swapped.face_from_frame = DrawnTransform(kCenter, 200, 128, 0.5f);  // shows the face's middle, 100 px
  const cv::Rect region = FaceRegion(swapped, DrawnLandmarks(kCenter, 200), kFrame);
  EXPECT_NEAR(region.width, 98, 6);
  EXPECT_NEAR(region.height, 98, 6);
}

TEST(FaceRegion, StartsAtEvenPixelsAndStaysInAnOddFrame) {
  const cv::Size odd(333, 251);
  for (const cv::Point2f center : {cv::Point2f(10, 10), cv::Point2f(330, 248), cv::Point2f(161, 121)}) {
    const cv::Rect region = FaceRegion(FlatSwap(center, 90, 64, {}), DrawnLandmarks(center, 90), odd);
    ASSERT_FALSE(region.empty());
    EXPECT_EQ(region & cv::Rect(cv::Point(), odd), region);
    EXPECT_EQ(region.x % 2, 0);
    EXPECT_EQ(region.y % 2, 0);
  }
}

TEST(FaceRegion, IsEmptyForAFaceOutsideTheFrame) {
  for (const cv::Point2f center : {cv::Point2f(-300, 200), cv::Point2f(1000, 200), cv::Point2f(300, -400),
                                   cv::Point2f(300, 900), cv::Point2f(1e8f, 1e8f)}) {
    EXPECT_TRUE(FaceRegion(FlatSwap(center, 100, 64, {}), DrawnLandmarks(center, 100), kFrame).empty());
  }
}

TEST(FaceRegion, IsEmptyWhenHullAndCropSquareDoNotMeet) {
  EXPECT_TRUE(FaceRegion(FlatSwap({100, 100}, 60, 64, {}), DrawnLandmarks({500, 400}, 60), kFrame).empty());
}

TEST(FaceRegion, IsEmptyWhenAllLandmarksFallTogether) {
  Landmarks point;
  point.fill(kCenter);
  EXPECT_TRUE(FaceRegion(FlatSwap(kCenter, 100, 64, {}), point, kFrame).empty());
}

TEST(FaceRegion, RefusesValuesThatAreNotNumbers) {
  const Landmarks good = DrawnLandmarks(kCenter, 100);
  Landmarks bad = good;
  bad[30].y = std::numeric_limits<float>::quiet_NaN();
  SwappedFace swapped = FlatSwap(kCenter, 100, 64, {});
  EXPECT_THROW(FaceRegion(swapped, bad, kFrame), std::invalid_argument);
  swapped.face_from_frame(0, 2) = std::numeric_limits<float>::infinity();
  EXPECT_THROW(FaceRegion(swapped, good, kFrame), std::invalid_argument);
  swapped.face_from_frame = cv::Matx23f::zeros();
  EXPECT_THROW(FaceRegion(swapped, good, kFrame), std::invalid_argument);
}

TEST(ComposeFace, MaskIsZeroOutsideTheHullAtEverySizeAndTurn) {
  for (const float width : {30.0f, 90.0f, 200.0f, 420.0f}) {
    for (const float degrees : {0.0f, 33.0f, -110.0f}) {
      ComposeOptions sharp;
      sharp.erosion = 0;
      sharp.feather = 0;
      const cv::Size frame(900, 900);
      const cv::Point2f center(450.3f, 449.6f);
      const Landmarks landmarks = DrawnLandmarks(center, width, degrees);
      const FacePatch patch = Composed(cv::Mat::zeros(frame, CV_8UC3),
                                       FlatSwap(center, width, 128, {}, degrees), landmarks, sharp);
      const std::vector<cv::Point2f> hull = HullOf(landmarks, ComposeOptions{}.brow_raise);
      int inside = 0;
      for (int y = 0; y < patch.roi.height; ++y) {
        for (int x = 0; x < patch.roi.width; ++x) {
          const cv::Point2f p(static_cast<float>(patch.roi.x + x), static_cast<float>(patch.roi.y + y));
          const double distance = cv::pointPolygonTest(hull, p, true);
          // 0.01 px: the two computations of the same edge round differently.
          if (distance < -0.01) {
            ASSERT_EQ(patch.mask.at<uchar>(y, x), 0) << "width " << width << " at " << p;
          }
          inside += patch.mask.at<uchar>(y, x) > 0;
        }
      }
      EXPECT_GT(inside, 0.85 * cv::contourArea(hull)) << "the mask fills the hull";
    }
  }
}

TEST(ComposeFace, MaskIsZeroOnTheRegionsBorder) {
  for (const float width : {60.0f, 250.0f, 400.0f}) {
    const FacePatch patch = Composed(cv::Mat::zeros(cv::Size(1000, 1000), CV_8UC3),
                                     FlatSwap({500, 500}, width, 128, {}), DrawnLandmarks({500, 500}, width));
    EXPECT_EQ(cv::countNonZero(patch.mask.row(0)), 0);
    EXPECT_EQ(cv::countNonZero(patch.mask.row(patch.mask.rows - 1)), 0);
    EXPECT_EQ(cv::countNonZero(patch.mask.col(0)), 0);
    EXPECT_EQ(cv::countNonZero(patch.mask.col(patch.mask.cols - 1)), 0);
  }
}

TEST(ComposeFace, MaskRisesFromTheEdgeToTheMiddleWithoutSteps) {
  const FacePatch patch = Composed(cv::Mat::zeros(kFrame, CV_8UC3), FlatSwap(kCenter, 300, 128, {}),
                                   DrawnLandmarks(kCenter, 300));
  EXPECT_EQ(MaskAt(patch, kCenter), 255);
  const cv::Mat row = patch.mask.row(static_cast<int>(kCenter.y) - patch.roi.y);
  for (int x = 1; x <= row.cols / 2; ++x) {
    EXPECT_GE(row.at<uchar>(x), row.at<uchar>(x - 1));
    // The feather is about 24 px wide; a smooth ramp over it rises by at most 1.5 * 255 / 24 levels a px.
    EXPECT_LE(row.at<uchar>(x) - row.at<uchar>(x - 1), 20);
  }
}

TEST(ComposeFace, CoversTheBrowsOnlyWhenTheHullIsRaised) {
  const Landmarks landmarks = DrawnLandmarks(kCenter, 300);
  const SwappedFace swapped = FlatSwap(kCenter, 300, 128, {});
  ComposeOptions flat;
  flat.brow_raise = 0;
  const FacePatch raised = Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, landmarks);
  const FacePatch unraised = Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, landmarks, flat);
  for (const int inner : {18, 19, 20, 23, 24, 25}) {
    EXPECT_GT(MaskAt(raised, landmarks[inner]), 60) << inner;
    EXPECT_LT(MaskAt(unraised, landmarks[inner]), 10) << inner;
  }
}

TEST(ComposeFace, KeepsAwayFromTheCropsBorder) {
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar::all(200));
  swapped.face_from_frame = DrawnTransform(kCenter, 200, 128, 0.6f);
  ComposeOptions sharp;
  sharp.erosion = sharp.feather = 0;
  const FacePatch patch =
      Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, DrawnLandmarks(kCenter, 200), sharp);
  const cv::Matx23f& m = swapped.face_from_frame;
  for (int y = 0; y < patch.roi.height; ++y) {
    for (int x = 0; x < patch.roi.width; ++x) {
      if (patch.mask.at<uchar>(y, x) == 0) continue;
      const float u = m(0, 0) * (patch.roi.x + x) + m(0, 1) * (patch.roi.y + y) + m(0, 2);
      const float v = m(1, 0) * (patch.roi.x + x) + m(1, 1) * (patch.roi.y + y) + m(1, 2);
      ASSERT_TRUE(u >= 1.9f && v >= 1.9f && u <= 125.1f && v <= 125.1f) << u << "," << v;
    }
  }
}

TEST(ComposeFace, PastedPatchLeavesEveryPixelOutsideTheMaskAlone) {
  FrameFormat format;
  format.width = kFrame.width;
  format.height = kFrame.height;
  Frame frame = Frame::FromBgr(Noise(kFrame, 0, 256, 1), format, 0, 0);
  const Frame before = frame.Clone();
  const SwappedFace swapped = FlatSwap(kCenter, 160, 128, cv::Scalar(90, 120, 200));
  const Landmarks landmarks = DrawnLandmarks(kCenter, 160);
  const cv::Rect roi = FaceRegion(swapped, landmarks, frame.size());
  const FacePatch patch = ComposeFace(frame.Bgr(roi), roi, swapped, landmarks);
  frame.Paste(patch.roi, patch.bgr, patch.mask);
  cv::Mat mask = cv::Mat::zeros(kFrame, CV_8UC1);
  patch.mask.copyTo(mask(patch.roi));
  const cv::Mat changed = frame.Luma() != before.Luma();
  EXPECT_GT(cv::countNonZero(changed), 1000);
  EXPECT_EQ(cv::countNonZero(changed & (mask == 0)), 0);
}

TEST(ComposeFace, PutsCropPixelsWhereTheTransformSays) {
  for (const int size : {32, 128, 512}) {  // enlarged, about equal, shrunk
    for (const float degrees : {0.0f, 25.0f}) {
      const float width = 200;
      SwappedFace swapped = FlatSwap(kCenter, width, size, cv::Scalar::all(0), degrees);
      // A bright disc at a known landmark, here the left eye's centre.
      const Landmarks landmarks = DrawnLandmarks(kCenter, width, degrees);
      cv::Point2f eye(0, 0);
      for (int i = 42; i < 48; ++i) eye += landmarks[i] * (1.0f / 6.0f);
      const cv::Matx23f& m = swapped.face_from_frame;
      const float scale = static_cast<float>(size) / (width * 1.5f);
      for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
          const float u = m(0, 0) * eye.x + m(0, 1) * eye.y + m(0, 2) - static_cast<float>(x);
          const float v = m(1, 0) * eye.x + m(1, 1) * eye.y + m(1, 2) - static_cast<float>(y);
          const float d = std::hypot(u, v) / (12 * scale);
          swapped.image.at<cv::Vec3b>(y, x) =
              cv::Vec3b::all(cv::saturate_cast<uchar>(255 * std::exp(-d * d)));
        }
      }
      ComposeOptions options;
      options.color = ColorMode::kNone;
      const FacePatch patch = Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, landmarks, options);
      cv::Mat gray;
      cv::cvtColor(patch.bgr, gray, cv::COLOR_BGR2GRAY);
      const cv::Moments moments = cv::moments(gray);
      // A tenth of a pixel: a shift of half a pixel (centres against corners) must not pass.
      EXPECT_NEAR(moments.m10 / moments.m00 + patch.roi.x, eye.x, 0.1) << size << " px, " << degrees;
      EXPECT_NEAR(moments.m01 / moments.m00 + patch.roi.y, eye.y, 0.1) << size << " px, " << degrees;
    }
  }
}

TEST(ComposeFace, TakesOnTheOriginalsMeanColour) {
  const cv::Mat frame = Noise(kFrame, 90, 151, 2) + cv::Scalar(10, 20, 60);
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, {});
  swapped.image = Noise(swapped.image.size(), 120, 181, 3) + cv::Scalar(50, 0, 0);
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  const FacePatch patch = Composed(frame, swapped, landmarks);
  const cv::Mat solid = patch.mask == 255;
  const cv::Scalar original = cv::mean(frame(patch.roi), solid);
  const cv::Scalar matched = cv::mean(patch.bgr, solid);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(matched[c], original[c], 2.0);  // levels, below what the eye sees
}

TEST(ComposeFace, LeavesColoursAloneThatAlreadyAgree) {
  const cv::Scalar skin(110, 140, 190);
  const FacePatch patch = Composed(cv::Mat(kFrame, CV_8UC3, skin), FlatSwap(kCenter, 200, 128, skin),
                                   DrawnLandmarks(kCenter, 200));
  for (int c = 0; c < 3; ++c) {
    cv::Mat channel;
    cv::extractChannel(patch.bgr, channel, c);
    double low = 0, high = 0;
    cv::minMaxLoc(channel, &low, &high);
    EXPECT_NEAR(low, skin[c], 1);  // one level of rounding
    EXPECT_NEAR(high, skin[c], 1);
  }
}

TEST(ComposeFace, DoesNotMatchColoursWhenToldNotTo) {
  ComposeOptions options;
  options.color = ColorMode::kNone;
  const FacePatch patch =
      Composed(cv::Mat(kFrame, CV_8UC3, cv::Scalar(10, 20, 30)),
               FlatSwap(kCenter, 200, 128, cv::Scalar(100, 150, 200)), DrawnLandmarks(kCenter, 200), options);
  EXPECT_EQ(cv::norm(patch.bgr, cv::Mat(patch.bgr.size(), CV_8UC3, cv::Scalar(100, 150, 200)), cv::NORM_INF, patch.mask),
            0);
}

TEST(ComposeFace, UsesAGivenColourMatch) {
  const SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar(100, 100, 100));
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  const cv::Mat frame(kFrame, CV_8UC3, cv::Scalar(10, 20, 30));
  const cv::Rect roi = FaceRegion(swapped, landmarks, kFrame);
  FaceColor brighter{ColorMode::kHistogram, {0}};
  for (int i = 0; i < 3 * 33; ++i) brighter.values.push_back(static_cast<float>(8 * (i % 33) + 20));
  const FacePatch patch = ComposeFace(frame(roi), roi, swapped, landmarks, {}, brighter);
  EXPECT_EQ(patch.bgr.at<cv::Vec3b>(patch.roi.height / 2, patch.roi.width / 2), cv::Vec3b(120, 120, 120));
}

TEST(ComposeFace, MultipliesTheModelsOwnMask) {
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar::all(100));
  swapped.mask = cv::Mat(128, 128, CV_8UC1, cv::Scalar(255));
  swapped.mask.colRange(0, 64).setTo(0);  // something stands before the face's left half
  const FacePatch patch = Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, DrawnLandmarks(kCenter, 200));
  EXPECT_EQ(MaskAt(patch, kCenter + cv::Point2f(-20, 0)), 0);
  EXPECT_EQ(MaskAt(patch, kCenter + cv::Point2f(20, 0)), 255);
}

TEST(ComposeFace, WorksForAFacePartlyOutsideTheFrame) {
  const cv::Mat frame(kFrame, CV_8UC3, cv::Scalar(80, 90, 100));
  for (const cv::Point2f center :
       {cv::Point2f(10, 240), cv::Point2f(630, 240), cv::Point2f(320, 5), cv::Point2f(320, 475)}) {
    const FacePatch patch =
        Composed(frame, FlatSwap(center, 200, 128, cv::Scalar(140, 150, 160)), DrawnLandmarks(center, 200));
    ASSERT_EQ(patch.bgr.size(), patch.roi.size());
    ASSERT_EQ(patch.mask.size(), patch.roi.size());
    EXPECT_EQ(MaskAt(patch, center), 255);
    // The match was taken from the pixels that are there.
    const cv::Vec3b pixel = patch.bgr.at<cv::Vec3b>(cv::Point(center) - patch.roi.tl());
    EXPECT_NEAR(pixel[0], 80, 2);
    EXPECT_NEAR(pixel[2], 100, 2);
  }
}

TEST(ComposeFace, HandlesATinyAndAHugeFace) {
  const FacePatch tiny = Composed(Noise(kFrame, 0, 256, 5), FlatSwap(kCenter, 12, 128, cv::Scalar::all(90)),
                                  DrawnLandmarks(kCenter, 12));
  EXPECT_GT(cv::countNonZero(tiny.mask), 40);
  EXPECT_LT(tiny.roi.area(), 400);
  const FacePatch huge = Composed(Noise(kFrame, 0, 256, 6), FlatSwap(kCenter, 5000, 64, cv::Scalar::all(90)),
                                  DrawnLandmarks(kCenter, 5000));
  EXPECT_EQ(huge.roi, cv::Rect(cv::Point(), kFrame));
  EXPECT_EQ(cv::countNonZero(huge.mask), kFrame.area());
}

TEST(ComposeFace, TakesAMirroredCrop) {
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, {});
  swapped.image.colRange(0, 64).setTo(cv::Scalar::all(250));
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  ComposeOptions options;
  options.color = ColorMode::kNone;
  const FacePatch straight = Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, landmarks, options);
  cv::Matx23f& m = swapped.face_from_frame;
  m = {-m(0, 0), -m(0, 1), 127 - m(0, 2), m(1, 0), m(1, 1), m(1, 2)};
  const FacePatch mirrored = Composed(cv::Mat::zeros(kFrame, CV_8UC3), swapped, landmarks, options);
  EXPECT_EQ(straight.roi, mirrored.roi);
  EXPECT_LE(cv::norm(straight.mask, mirrored.mask, cv::NORM_INF), 1);
  const cv::Point left = cv::Point(kCenter) + cv::Point(-40, 0) - straight.roi.tl();
  EXPECT_EQ(straight.bgr.at<cv::Vec3b>(left)[0], 250);
  EXPECT_EQ(mirrored.bgr.at<cv::Vec3b>(left)[0], 0);
}

TEST(ComposeFace, MovesTheMaskWithTheFaceByFractionsOfAPixel) {
  // A face that moves by a tenth of a pixel must not flip mask pixels as a whole: that flickers.
  const cv::Size frame(640, 480);
  const FacePatch a =
      Composed(cv::Mat::zeros(frame, CV_8UC3), FlatSwap(kCenter, 200, 128, {}), DrawnLandmarks(kCenter, 200));
  const cv::Point2f moved = kCenter + cv::Point2f(0.1f, 0.1f);
  const FacePatch b =
      Composed(cv::Mat::zeros(frame, CV_8UC3), FlatSwap(moved, 200, 128, {}), DrawnLandmarks(moved, 200));
  const cv::Rect both = a.roi & b.roi;
  const cv::Mat mask_a = a.mask(both - a.roi.tl()), mask_b = b.mask(both - b.roi.tl());
  EXPECT_LE(cv::norm(mask_a, mask_b, cv::NORM_INF),
            8);  // 255 * 1.5 / 16 px of feather * 0.14 px, and rounding
}

TEST(ComposeFace, ReturnsNothingForAnEmptyRegion) {
  const FacePatch patch =
      ComposeFace(cv::Mat(), cv::Rect(), FlatSwap({-900, 0}, 100, 64, {}), DrawnLandmarks({-900, 0}, 100));
  EXPECT_TRUE(patch.roi.empty());
  EXPECT_TRUE(patch.bgr.empty());
  EXPECT_TRUE(patch.mask.empty());
}

TEST(ComposeFace, RefusesPicturesThatDoNotFit) {
  const Landmarks landmarks = DrawnLandmarks(kCenter, 100);
  const SwappedFace good = FlatSwap(kCenter, 100, 64, {});
  const cv::Rect roi = FaceRegion(good, landmarks, kFrame);
  const cv::Mat original(roi.size(), CV_8UC3);
  EXPECT_THROW(ComposeFace(cv::Mat(10, 10, CV_8UC3), roi, good, landmarks), std::invalid_argument);
  EXPECT_THROW(ComposeFace(cv::Mat(roi.size(), CV_8UC1), roi, good, landmarks), std::invalid_argument);
  SwappedFace bad = good;
  bad.image = cv::Mat(64, 60, CV_8UC3);
  EXPECT_THROW(ComposeFace(original, roi, bad, landmarks), std::invalid_argument);
  bad = good;
  bad.mask = cv::Mat(32, 32, CV_8UC1);
  EXPECT_THROW(ComposeFace(original, roi, bad, landmarks), std::invalid_argument);
  ComposeOptions negative;
  negative.feather = -0.1f;
  EXPECT_THROW(ComposeFace(original, roi, good, landmarks, negative), std::invalid_argument);
  negative = {};
  negative.brow_raise = -1;
  EXPECT_THROW(ComposeFace(original, roi, good, landmarks, negative), std::invalid_argument);
}

TEST(ComposeFace, GivesTheSameBytesFromManyThreads) {
  const cv::Mat frame = Noise(kFrame, 0, 256, 8);
  SwappedFace swapped = FlatSwap(kCenter, 180, 128, {}, 12);
  swapped.image = Noise(swapped.image.size(), 0, 256, 9);
  const Landmarks landmarks = DrawnLandmarks(kCenter, 180, 12);
  const FacePatch expected = Composed(frame, swapped, landmarks);
  std::vector<FacePatch> patches(4);
  std::vector<std::thread> threads;
  for (FacePatch& patch : patches) threads.emplace_back([&] { patch = Composed(frame, swapped, landmarks); });
  for (std::thread& thread : threads) thread.join();
  for (const FacePatch& patch : patches) {
    EXPECT_EQ(cv::norm(patch.bgr, expected.bgr, cv::NORM_INF), 0);
    EXPECT_EQ(cv::norm(patch.mask, expected.mask, cv::NORM_INF), 0);
  }
}

}  // namespace
}  // namespace reelswap
