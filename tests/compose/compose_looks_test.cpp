#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <vector>

#include "compose/compose_face.h"
#include "compose/drawn_face.h"
#include "core/frame.h"

// Masks, colours and blends of ComposeFace, beyond what compose_face_test.cpp says of all of them.

namespace reelswap {
namespace {

using testing::DrawnLandmarks;
using testing::FlatSwap;

const cv::Size kFrame(640, 480);
const cv::Point2f kCenter(320, 240);

cv::Mat Noise(cv::Size size, int low, int high, uint64_t seed, double blur = 0) {
  cv::Mat noise(size, CV_8UC3);
  cv::RNG rng(seed);
  rng.fill(noise, cv::RNG::UNIFORM, low, high);
  if (blur > 0) cv::GaussianBlur(noise, noise, {}, blur);
  return noise;
}

FacePatch Composed(const cv::Mat& frame, const SwappedFace& swapped, const Landmarks& landmarks,
                   const ComposeOptions& options) {
  const cv::Rect roi = FaceRegion(swapped, landmarks, frame.size(), options);
  return roi.empty() ? FacePatch{} : ComposeFace(frame(roi), roi, swapped, landmarks, options);
}

cv::Mat Pasted(const cv::Mat& frame, const FacePatch& patch) {
  cv::Mat out = frame.clone();
  for (int y = 0; y < patch.roi.height; ++y) {
    for (int x = 0; x < patch.roi.width; ++x) {
      const double a = patch.mask.at<uchar>(y, x) / 255.0;
      cv::Vec3b& p = out.at<cv::Vec3b>(patch.roi.y + y, patch.roi.x + x);
      for (int c = 0; c < 3; ++c) p[c] = cv::saturate_cast<uchar>(p[c] * (1 - a) + patch.bgr.at<cv::Vec3b>(y, x)[c] * a);
    }
  }
  return out;
}

uchar MaskAt(const FacePatch& patch, cv::Point2f p) {
  return patch.mask.at<uchar>(cv::Point(cvRound(p.x), cvRound(p.y)) - patch.roi.tl());
}

std::vector<ComposeOptions> AllLooks() {
  std::vector<ComposeOptions> looks;
  for (const MaskKind mask : {MaskKind::kAuto, MaskKind::kHull, MaskKind::kComponents, MaskKind::kLearned}) {
    for (const ColorMode color : {ColorMode::kAuto, ColorMode::kNone, ColorMode::kReinhard, ColorMode::kHistogram}) {
      for (const BlendMode blend : {BlendMode::kAuto, BlendMode::kMultiBand, BlendMode::kPoisson}) {
        ComposeOptions look;
        look.mask = mask;
        look.color = color;
        look.blend = blend;
        looks.push_back(look);
      }
    }
  }
  return looks;
}

TEST(ComposeLooks, LeaveEverySampleOutsideTheMaskBitForBit) {
  FrameFormat format;
  format.width = 321;  // odd, 4:2:0
  format.height = 241;
  const cv::Point2f center(200, 130);  // partly outside
  SwappedFace swapped = FlatSwap(center, 150, 64, {}, 9);
  swapped.image = Noise(swapped.image.size(), 20, 230, 3);
  swapped.mask = cv::Mat::zeros(64, 64, CV_8UC1);
  cv::circle(swapped.mask, {32, 30}, 20, 255, -1);
  const Landmarks landmarks = DrawnLandmarks(center, 150, 9);
  const Frame before = Frame::FromBgr(Noise({321, 241}, 0, 256, 1), format, 0, 0);
  for (const ComposeOptions& look : AllLooks()) {
    Frame frame = before.Clone();
    const cv::Rect roi = FaceRegion(swapped, landmarks, frame.size(), look);
    const cv::Mat original = frame.Bgr(roi);
    const FacePatch patch = ComposeFace(original, roi, swapped, landmarks, look);
    frame.Paste(roi, patch.bgr, patch.mask);
    cv::Mat kept = cv::Mat(frame.size(), CV_8UC1, cv::Scalar(255));
    kept(roi).setTo(0, patch.mask > 0);
    cv::Mat differs = (frame.Luma() != before.Luma()) & kept;
    ASSERT_EQ(cv::countNonZero(differs), 0);
    cv::Mat bgr_differs;
    cv::absdiff(patch.bgr, original, bgr_differs);
    bgr_differs.setTo(0, patch.mask > 0);
    ASSERT_EQ(cv::countNonZero(bgr_differs.reshape(1)), 0) << "the patch holds the original where nothing is pasted";
    ASSERT_GT(cv::countNonZero(patch.mask), 1000);
  }
}

TEST(ComposeLooks, ChangeNothingAtOpacityZero) {
  const cv::Mat frame = Noise(kFrame, 0, 256, 4);
  const SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar::all(255));
  for (ComposeOptions look : AllLooks()) {
    look.opacity = 0;
    const FacePatch patch = Composed(frame, swapped, DrawnLandmarks(kCenter, 200), look);
    EXPECT_EQ(cv::countNonZero(patch.mask), 0);
    EXPECT_EQ(cv::norm(patch.bgr, frame(patch.roi), cv::NORM_INF), 0);
  }
}

TEST(ComposeLooks, HalfOpacityIsHalfTheMask) {
  const cv::Mat frame = Noise(kFrame, 0, 256, 4);
  const SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar::all(200));
  ComposeOptions half;
  half.opacity = 0.5f;
  const FacePatch whole = Composed(frame, swapped, DrawnLandmarks(kCenter, 200), {});
  const FacePatch dimmed = Composed(frame, swapped, DrawnLandmarks(kCenter, 200), half);
  cv::Mat expected;
  whole.mask.convertTo(expected, CV_8U, 0.5);
  EXPECT_LE(cv::norm(dimmed.mask, expected, cv::NORM_INF), 1);
}

TEST(ComposeLooks, RefuseAnOpacityThatIsNone) {
  const SwappedFace swapped = FlatSwap(kCenter, 100, 64, {});
  const Landmarks landmarks = DrawnLandmarks(kCenter, 100);
  for (const float opacity : {-0.1f, 1.1f, std::numeric_limits<float>::quiet_NaN()}) {
    ComposeOptions options;
    options.opacity = opacity;
    EXPECT_THROW(FaceRegion(swapped, landmarks, kFrame, options), std::invalid_argument);
  }
}

TEST(ComposeLooks, RefuseLandmarksThatAreNotNumbers) {
  const SwappedFace swapped = FlatSwap(kCenter, 100, 64, {});
  Landmarks bad = DrawnLandmarks(kCenter, 100);
  const cv::Rect roi(200, 200, 20, 20);
  bad[8].x = std::numeric_limits<float>::quiet_NaN();
  for (const ComposeOptions& look : AllLooks()) {
    EXPECT_THROW(ComposeFace(cv::Mat(roi.size(), CV_8UC3), roi, swapped, bad, look), std::invalid_argument);
    EXPECT_THROW(MeasureFaceColor(cv::Mat(roi.size(), CV_8UC3), roi, swapped, bad, look), std::invalid_argument);
  }
}

TEST(ComposeLooks, WorkForTinyFacesAndFacesHalfOutside) {
  const cv::Mat frame = Noise(kFrame, 60, 200, 5, 2);
  for (const float width : {3.0f, 8.0f, 300.0f, 3000.0f}) {
    for (const cv::Point2f center : {kCenter, cv::Point2f(1, 2), cv::Point2f(639, 479)}) {
      SwappedFace swapped = FlatSwap(center, width, 65, {});  // odd crops have no doubled grid
      swapped.image = Noise(swapped.image.size(), 60, 200, 6);
      for (const ComposeOptions& look : AllLooks()) {
        const FacePatch patch = Composed(frame, swapped, DrawnLandmarks(center, width), look);
        EXPECT_EQ(patch.bgr.size(), patch.roi.size());
        EXPECT_EQ(patch.mask.size(), patch.roi.size());
      }
    }
  }
}

TEST(ComposeLooks, KeepWhatStandsInFrontWithEveryMask) {
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar::all(100));
  swapped.unoccluded = cv::Mat(128, 128, CV_8UC1, cv::Scalar(255));
  swapped.unoccluded.colRange(0, 64).setTo(0);
  swapped.mask = cv::Mat(128, 128, CV_8UC1, cv::Scalar(255));
  for (const ComposeOptions& look : AllLooks()) {
    const FacePatch patch = Composed(Noise(kFrame, 0, 256, 7), swapped, DrawnLandmarks(kCenter, 200), look);
    EXPECT_EQ(MaskAt(patch, kCenter + cv::Point2f(-20, 0)), 0);
    EXPECT_EQ(MaskAt(patch, kCenter + cv::Point2f(20, 0)), 255);
  }
  swapped.unoccluded = cv::Mat(32, 32, CV_8UC1);
  EXPECT_THROW(FaceRegion(swapped, DrawnLandmarks(kCenter, 200), kFrame), std::invalid_argument);
}

TEST(ComposeLooks, ComponentsLeaveTheJawAndTakeTheFeatures) {
  ComposeOptions components, hull;
  components.mask = MaskKind::kComponents;
  hull.mask = MaskKind::kHull;
  const Landmarks landmarks = DrawnLandmarks(kCenter, 300);
  const SwappedFace swapped = FlatSwap(kCenter, 300, 128, {});
  const cv::Mat frame = cv::Mat::zeros(kFrame, CV_8UC3);
  const FacePatch inner = Composed(frame, swapped, landmarks, components), outer = Composed(frame, swapped, landmarks, hull);
  const cv::Point2f cheek = kCenter + cv::Point2f(-115, 50), chin = kCenter + cv::Point2f(0, 155);
  EXPECT_GT(MaskAt(outer, cheek), 120);
  EXPECT_GT(MaskAt(outer, chin), 100);
  EXPECT_EQ(inner.roi.contains(cheek) ? MaskAt(inner, cheek) : 0, 0);
  EXPECT_EQ(inner.roi.contains(chin) ? MaskAt(inner, chin) : 0, 0);
  for (int i = 27; i < kLandmarkCount; ++i) EXPECT_GT(MaskAt(inner, landmarks[i]), 100) << i;  // nose, eyes, mouth
  for (int i = 18; i < 26; ++i) EXPECT_GT(MaskAt(inner, landmarks[i]), 100) << i;              // brows
}

TEST(ComposeLooks, TheLearnedMaskMayLeaveTheHullButNotTheCrop) {
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, {});
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  ComposeOptions learned;
  learned.mask = MaskKind::kLearned;
  const cv::Mat frame = cv::Mat::zeros(kFrame, CV_8UC3);
  const FacePatch without = Composed(frame, swapped, landmarks, learned), hull = Composed(frame, swapped, landmarks, {});
  EXPECT_EQ(without.roi, hull.roi) << "no mask of its own: the hull";
  swapped.mask = cv::Mat(128, 128, CV_8UC1, cv::Scalar(255));
  const FacePatch patch = Composed(frame, swapped, landmarks, learned);
  const cv::Point2f forehead = kCenter + cv::Point2f(0, -100);
  EXPECT_EQ(MaskAt(patch, forehead), 255);
  EXPECT_EQ(hull.roi.contains(forehead) ? MaskAt(hull, forehead) : 0, 0);
  EXPECT_EQ(cv::countNonZero(patch.mask.row(0)), 0);
}

TEST(ComposeLooks, NoBrowShowsInTheFeather) {
  // A dark brow 0.04 face widths thick along the landmarks, light skin: nothing of it may be left after the paste.
  const Landmarks landmarks = DrawnLandmarks(kCenter, 300);
  cv::Mat frame(kFrame, CV_8UC3, cv::Scalar(120, 150, 200));
  for (const int first : {17, 22}) {
    for (int i = first; i < first + 4; ++i) cv::line(frame, landmarks[i], landmarks[i + 1], cv::Scalar(30, 35, 40), 12);
  }
  ComposeOptions options;
  options.color = ColorMode::kNone;
  const cv::Mat result = Pasted(frame, Composed(frame, FlatSwap(kCenter, 300, 128, cv::Scalar(120, 150, 200)), landmarks, options));
  // Of the brows' middle parts; their outer ends lie on the hull's corner.
  for (int i = 18; i < 26; ++i) {
    if (i == 21 || i == 22) continue;
    EXPECT_NEAR(result.at<cv::Vec3b>(landmarks[i])[1], 150, 25) << i;
  }
}

TEST(ComposeLooks, MultiBandAndPoissonHideAnUnevenLight) {
  // The frame is lit from one side, the face evenly: no single colour fits both sides.
  cv::Mat frame = Noise(kFrame, 110, 130, 8, 3);
  for (int y = 0; y < frame.rows; ++y) {
    for (int x = 0; x < frame.cols; ++x) {
      for (int c = 0; c < 3; ++c) frame.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<uchar>(frame.at<cv::Vec3b>(y, x)[c] + (x - 320) / 5);
    }
  }
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, {});
  swapped.image = Noise(swapped.image.size(), 110, 130, 9, 3);
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  const auto seam = [&](BlendMode blend) {
    ComposeOptions options;
    options.blend = blend;
    const FacePatch patch = Composed(frame, swapped, landmarks, options);
    return SeamScore(frame(patch.roi), Pasted(frame, patch)(patch.roi), patch.mask);
  };
  const double feather = seam(BlendMode::kFeather);
  EXPECT_GT(feather, 3);
  EXPECT_LT(seam(BlendMode::kMultiBand), 0.6 * feather);
  EXPECT_LT(seam(BlendMode::kPoisson), 0.6 * feather);
}

TEST(ComposeLooks, PoissonKeepsTheFacesFeatures) {
  const cv::Mat frame(kFrame, CV_8UC3, cv::Scalar(90, 110, 150));
  SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar(150, 160, 170));
  cv::circle(swapped.image, {64, 60}, 5, cv::Scalar(90, 100, 110), -1);  // 60 levels darker
  ComposeOptions options;
  options.blend = BlendMode::kPoisson;
  options.color = ColorMode::kNone;
  options.sharpen = false;
  const FacePatch patch = Composed(frame, swapped, DrawnLandmarks(kCenter, 200), options);
  const cv::Matx23f& m = swapped.face_from_frame;
  const cv::Point spot(cvRound((64 - m(0, 2)) / m(0, 0)), cvRound((60 - m(1, 2)) / m(1, 1)));
  const cv::Vec3b there = patch.bgr.at<cv::Vec3b>(spot - patch.roi.tl());
  const cv::Vec3b beside = patch.bgr.at<cv::Vec3b>(spot + cv::Point(30, 0) - patch.roi.tl());
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(beside[c] - there[c], 60, 4) << c;
  EXPECT_NEAR(beside[2], 150, 4);  // the frame's level
}

TEST(MeasureFaceColor, AveragedOverFramesHoldsColoursStill) {
  // A frame whose light flickers by 8 %: with colours averaged over the frames the face flickers far less.
  const Landmarks landmarks = DrawnLandmarks(kCenter, 200);
  const SwappedFace swapped = FlatSwap(kCenter, 200, 128, cv::Scalar(120, 130, 140));
  const cv::Mat still = Noise(kFrame, 90, 150, 11, 2);
  const cv::Rect roi = FaceRegion(swapped, landmarks, kFrame);
  std::vector<FaceColor> colors;
  for (int i = 0; i < 6; ++i) {
    colors.push_back(MeasureFaceColor(still(roi) * (i % 2 ? 1.08 : 1.0), roi, swapped, landmarks));
  }
  const FaceColor mean = MeanColor(colors, std::vector<float>(6, 1.0f));
  const auto level = [&](const FaceColor& color) {
    return cv::mean(ComposeFace(still(roi), roi, swapped, landmarks, {}, color).bgr, Composed(still, swapped, landmarks, {}).mask == 255)[1];
  };
  const double dark = level(colors[0]), bright = level(colors[1]), middle = level(mean);
  EXPECT_GT(bright - dark, 6);
  EXPECT_NEAR(middle, (dark + bright) / 2, 1.0);
}

TEST(ComposeFace, SharpensOnlyWhatIsEnlarged) {
  const Landmarks small = DrawnLandmarks(kCenter, 60), large = DrawnLandmarks(kCenter, 400);
  const cv::Mat frame = Noise(kFrame, 60, 200, 12, 1);
  const auto strength = [&](float width, const Landmarks& landmarks, bool sharpen) {
    SwappedFace swapped = FlatSwap(kCenter, width, 128, {});
    swapped.image = Noise(swapped.image.size(), 60, 200, 13, 2);
    ComposeOptions options;
    options.sharpen = sharpen;
    const cv::Rect roi = FaceRegion(swapped, landmarks, kFrame, options);
    return MeasureFaceColor(frame(roi), roi, swapped, landmarks, options).values[0];
  };
  EXPECT_EQ(strength(60, small, true), 0);
  EXPECT_GT(strength(400, large, true), 0.2f);
  EXPECT_EQ(strength(400, large, false), 0);
  const SwappedFace swapped = FlatSwap(kCenter, 400, 128, {});
  EXPECT_NEAR(Composed(frame, swapped, large, {}).enlargement, 400 * 1.5 / 128, 0.01);
}

}  // namespace
}  // namespace reelswap
