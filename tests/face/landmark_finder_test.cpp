#include "face/landmark_finder.h"

#include <dlib/image_processing.h>
#include <dlib/opencv/cv_image.h>
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "face/face_detector.h"
#include "face/pictures.h"

namespace reelswap {
namespace {

using testing::FacePicture;
using testing::Gray;

std::shared_ptr<const LandmarkFinder> Finder() { return LandmarkFinder::Load(LandmarkWeightsPath()); }

/// dlib's own answer from the same weights, whole px.
Landmarks AnswerOfDlib(const cv::Mat& gray, const cv::Rect& box) {
  static const dlib::shape_predictor predictor = [] {
    dlib::shape_predictor read;
    dlib::deserialize(LandmarkWeightsPath()) >> read;
    return read;
  }();
  const auto shape = predictor(dlib::cv_image<unsigned char>(gray), dlib::rectangle(box.x, box.y, box.br().x - 1, box.br().y - 1));
  Landmarks points;
  for (int i = 0; i < kLandmarkCount; ++i) {
    points[i] = {static_cast<float>(shape.part(i).x()), static_cast<float>(shape.part(i).y())};
  }
  return points;
}

/// Between the answers of all points, px.
struct Difference {
  float median = 0, most = 0;
};
Difference Between(const Landmarks& a, const Landmarks& b) {
  std::vector<float> all;
  for (int i = 0; i < kLandmarkCount; ++i) all.push_back(std::max(std::abs(a[i].x - b[i].x), std::abs(a[i].y - b[i].y)));
  std::sort(all.begin(), all.end());
  return {all[all.size() / 2], all.back()};
}

// dlib rounds its points, which is half a px at most and a third of one in the middle. Beyond that the predictor itself
// is unsteady: a px it looks at is the next one or not by the smallest difference in a sum, and a box moved by 0.002 px
// moves some point of a 200 px face by 0.4 px on average and by 3 at most.
void ExpectAgreement(const Landmarks& ours, const Landmarks& dlibs, float face) {
  const auto difference = Between(ours, dlibs);
  EXPECT_LT(difference.median, 0.6f);
  EXPECT_LT(difference.most, 0.5f + 0.017f * face);
}

TEST(LandmarkFinder, AgreesWithDlibOnPictures) {
  const auto man = Gray(FacePicture("one_man.jpg")), two = Gray(FacePicture("two_people.jpg")),
             hand = Gray(FacePicture("hand_on_mouth.jpg"));
  for (const cv::Rect box : {cv::Rect(270, 80, 70, 70), {262, 70, 84, 84}, {280, 90, 60, 60}}) {
    ExpectAgreement(Finder()->Find(man, box), AnswerOfDlib(man, box), box.width);
  }
  ExpectAgreement(Finder()->Find(two, testing::kLeftBox), AnswerOfDlib(two, testing::kLeftBox), testing::kLeftBox.width);
  ExpectAgreement(Finder()->Find(two, testing::kRightBox), AnswerOfDlib(two, testing::kRightBox), testing::kRightBox.width);
  const cv::Rect behind_hand(272, 64, 74, 72);
  ExpectAgreement(Finder()->Find(hand, behind_hand), AnswerOfDlib(hand, behind_hand), behind_hand.width);
}

TEST(LandmarkFinder, AgreesWithDlibWhereTheBoxReachesOverTheBorder) {
  const auto man = Gray(FacePicture("one_man.jpg"));
  const cv::Mat cut = man(cv::Rect(290, 100, 300, 200));  // a part: rows do not follow each other in memory
  const cv::Rect box(-20, -20, 70, 70);
  ExpectAgreement(Finder()->Find(cut, box), AnswerOfDlib(cut, box), box.width);
}

TEST(LandmarkFinder, AgreesWithDlibOnLargeFaces) {
  cv::Mat large;
  cv::resize(Gray(FacePicture("one_man.jpg")), large, {}, 2.7, 2.7, cv::INTER_CUBIC);
  const cv::Rect box(730, 216, 190, 190);
  const auto ours = Finder()->Find(large, box);
  ExpectAgreement(ours, AnswerOfDlib(large, box), box.width);
  bool whole = true;
  for (const auto& p : ours) whole = whole && p.x == std::round(p.x) && p.y == std::round(p.y);
  EXPECT_FALSE(whole) << "points should be finer than px";
}

TEST(LandmarkFinder, TheBoxAroundAMeanFaceIsTheOneItWasFittedIn) {
  const auto man = Gray(FacePicture("one_man.jpg"));
  cv::Rect2f box(270, 80, 70, 70);
  // Fitted again and again in the box that follows from the landmarks, the face stays where it is.
  for (int i = 0; i < 10; ++i) box = Finder()->BoxAround(Finder()->Find(man, box));
  const auto settled = box;
  for (int i = 0; i < 10; ++i) box = Finder()->BoxAround(Finder()->Find(man, box));
  EXPECT_LT(cv::norm(box.tl() - settled.tl()), 0.03 * settled.width);
  EXPECT_NEAR(box.width, settled.width, 0.03 * settled.width);
  EXPECT_GT((settled & testing::kManBox).area(), 0.6 * testing::kManBox.area());
}

TEST(LandmarkFinder, KnowsAFaceFromANoFaceByItsShape) {
  const auto man = Gray(FacePicture("one_man.jpg"));
  const auto face = Finder()->Find(man, cv::Rect2f(270, 80, 70, 70));
  EXPECT_LT(Finder()->Strangeness(face), 0.08);
  auto torn = face;
  for (int i = 0; i < kLandmarkCount; i += 2) torn[i].x += 30;
  EXPECT_GT(Finder()->Strangeness(torn), 0.12);
  EXPECT_EQ(Finder()->Strangeness(Landmarks{}), 1);
}

TEST(LandmarkFinder, IsReadOnceAndShared) { EXPECT_EQ(Finder(), Finder()); }

/// One level, one tree of depth one: right half of the face darker than the left moves all points by (0.1, 0).
LandmarkCascade SmallCascade() {
  LandmarkCascade cascade;
  for (int i = 0; i < kLandmarkCount; ++i) cascade.mean_shape.emplace_back(0.25f + 0.5f * (i % 2), i / 68.0f);
  cascade.depth = 1;
  LandmarkCascade::Level level;
  level.anchors = {0, 1};
  level.offsets = {{0, 0.5f}, {0, 0.5f}};
  level.splits = {{0, 1, 20.5f}};
  for (int i = 0; i < 2 * kLandmarkCount; ++i) level.leaves.push_back(i % 2 == 0 ? 0.1f : 0.0f);
  level.leaves.resize(4 * kLandmarkCount, 0.0f);
  cascade.levels.push_back(level);
  return cascade;
}

TEST(LandmarkFinder, GoesLeftWhereTheDifferenceExceedsTheThreshold) {
  const LandmarkFinder finder{SmallCascade()};
  cv::Mat gray(101, 101, CV_8UC1, cv::Scalar(100));
  const cv::Rect2f box(0, 0, 101, 101);
  EXPECT_NEAR(finder.Find(gray, box)[0].x, 25, 0.01);
  gray(cv::Rect(0, 0, 50, 101)).setTo(120);
  EXPECT_NEAR(finder.Find(gray, box)[0].x, 25, 0.01);  // 20 is not above 20.5
  gray(cv::Rect(0, 0, 50, 101)).setTo(121);
  EXPECT_NEAR(finder.Find(gray, box)[0].x, 35, 0.01);  // 16-bit leaves: 100 px / 65534
}

TEST(LandmarkFinder, RefusesACascadeThatContradictsItself) {
  const auto spoilt = [](auto spoil) {
    auto cascade = SmallCascade();
    spoil(cascade);
    return cascade;
  };
  EXPECT_NO_THROW(LandmarkFinder{SmallCascade()});
  EXPECT_THROW(LandmarkFinder(spoilt([](auto& c) { c.depth = 2; })), std::invalid_argument);
  EXPECT_THROW(LandmarkFinder(spoilt([](auto& c) { c.mean_shape.pop_back(); })), std::invalid_argument);
  EXPECT_THROW(LandmarkFinder(spoilt([](auto& c) { c.levels[0].anchors[0] = 68; })), std::invalid_argument);
  EXPECT_THROW(LandmarkFinder(spoilt([](auto& c) { c.levels[0].splits[0].first = 2; })), std::invalid_argument);
  EXPECT_THROW(LandmarkFinder(spoilt([](auto& c) { c.levels[0].leaves.pop_back(); })), std::invalid_argument);
  EXPECT_THROW(LandmarkFinder(spoilt([](auto& c) { c.levels[0].leaves[0] = NAN; })), std::invalid_argument);
  EXPECT_THROW(LandmarkFinder(SmallCascade()).Find(cv::Mat(), {0, 0, 10, 10}), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
