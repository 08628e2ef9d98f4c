#include "face/face_track.h"

#include <gtest/gtest.h>

#include "face/pictures.h"

namespace reelswap {
namespace {

/// The man, some px to the right of where he is and turned (degrees, > 0 clockwise) about his nose.
cv::Mat Man(float right = 0, float turned = 0) {
  const cv::Mat luma = testing::Gray(testing::FacePicture("one_man.jpg"));
  const cv::Rect2f box = testing::kManBox;
  cv::Mat about = cv::getRotationMatrix2D(0.5f * (box.tl() + box.br()), -turned, 1), moved;
  about.at<double>(0, 2) += right;
  cv::warpAffine(luma, moved, about, luma.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return moved;
}

class FaceTrackTest : public ::testing::Test {
 protected:
  TrackTools tools{FaceDetector(), LandmarkFinder::Load(LandmarkWeightsPath()), {}};

  FaceTrack Begin(const cv::Mat& luma) {
    const auto found = tools.detector.Detect(luma);
    EXPECT_EQ(found.size(), 1u);
    return FaceTrack(3, tools, luma, found.at(0));
  }
};

TEST_F(FaceTrackTest, IsOnlyResumedWhereThereIsAFace) {
  const cv::Mat luma = Man();
  const auto track = Begin(luma);
  ASSERT_TRUE(track.LooksLikeAFace());
  const auto again = track.Resumed(tools, luma, {testing::kManBox, 1, {}});
  EXPECT_TRUE(again.LooksLikeAFace());
  EXPECT_EQ(again.id(), 3);
  EXPECT_FALSE(track.Resumed(tools, luma, {{-95, 100, 100, 100}, 1, {}}).LooksLikeAFace());
}

TEST_F(FaceTrackTest, SearchesNothingOutsideOfThePicture) {
  auto track = Begin(Man(0, 25));
  ASSERT_TRUE(track.LooksLikeAFace());
  const cv::Mat elsewhere(100, 100, CV_8UC1, cv::Scalar(90));  // ends before the face's place
  EXPECT_FALSE(track.Predict(tools, elsewhere));
  EXPECT_FALSE(track.Search(tools, elsewhere, [](const cv::Rect2f&) { return false; }));
  EXPECT_FALSE(track.CarryOn(tools, elsewhere));
}

TEST_F(FaceTrackTest, NeedsTheLastCertainFrameNoLongerThanTheFirstFlash) {
  cv::Mat luma = Man();
  auto track = Begin(luma);
  track.Hold();
  cv::RNG(1).fill(luma, cv::RNG::UNIFORM, 0, 256);  // its owner uses the memory again
  for (int i = 0; i < 8; ++i) track.Hold();
  EXPECT_TRUE(track.CarryOn(tools, Man(4)));
}

TEST_F(FaceTrackTest, IsNotCarriedIntoAPictureWithoutContrast) {
  for (const int grey : {0, 1, 90, 255}) {
    const cv::Mat luma = Man();
    auto track = Begin(luma);
    EXPECT_FALSE(track.CarryOn(tools, cv::Mat(luma.size(), CV_8UC1, cv::Scalar(grey)))) << grey;
  }
}

}  // namespace
}  // namespace reelswap
