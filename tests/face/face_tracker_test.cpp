#include "face/face_tracker.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "face/box_overlap.h"
#include "face/pictures.h"

namespace reelswap {
namespace {

using testing::Scene;

const cv::Size kFrame(640, 360);

cv::Mat EmptyRoom() { return Scene(kFrame).luma; }

TEST(FaceTracker, FollowsAFaceThatMovesAndGrowsWithOneWholeSearch) {
  FaceTracker tracker;
  for (int i = 0; i < 30; ++i) {
    Scene scene(kFrame);
    const auto truth = scene.AddFace({180 + 6.0f * i, 180}, 80 + 2.0f * i);
    const auto face = tracker.Update(scene.luma);
    ASSERT_TRUE(face) << i;
    EXPECT_GT(BoxOverlap(face->box, truth), 0.4) << i;
    EXPECT_GT(cv::boundingRect(std::vector<cv::Point2f>(face->landmarks.begin(), face->landmarks.end())).area(), 0) << i;
  }
  EXPECT_EQ(tracker.tally().frames, 30);
  EXPECT_EQ(tracker.tally().whole_searches, 1);
  EXPECT_EQ(tracker.tally().region_hits + tracker.tally().followed, 29);
  EXPECT_EQ(tracker.tally().lost, 0);
}

TEST(FaceTracker, GivesNothingWhereThereIsNoFaceAndDoesNotSearchEveryFrame) {
  FaceTracker tracker;
  for (int i = 0; i < 35; ++i) EXPECT_FALSE(tracker.Update(EmptyRoom()));
  EXPECT_EQ(tracker.tally().lost, 35);
  EXPECT_EQ(tracker.tally().whole_searches, 15);  // the first five, then every third
}

TEST(FaceTracker, FindsAFaceAgainWithinThreeFramesOfItsReturn) {
  FaceTracker tracker;
  Scene with_face(kFrame);
  with_face.AddFace({300, 180}, 120);
  ASSERT_TRUE(tracker.Update(with_face.luma));
  for (int i = 0; i < 40; ++i) tracker.Update(EmptyRoom());
  EXPECT_FALSE(tracker.Update(EmptyRoom()));
  bool found = false;
  for (int i = 0; i < 3; ++i) found = tracker.Update(with_face.luma).has_value();
  EXPECT_TRUE(found);
}

TEST(FaceTracker, CarriesAFaceBehindAHand) {
  FaceTracker tracker;
  for (int i = 0; i < 24; ++i) {
    Scene scene(kFrame);
    const auto truth = scene.AddFace({250 + 2.0f * i, 180}, 130);
    const bool hidden = i >= 6 && i < 16;
    if (hidden) {  // a bar across nose and mouth
      const cv::Rect bar(cvRound(truth.x) - 20, cvRound(truth.y + 0.45 * truth.height), 150, cvRound(0.45 * truth.height));
      scene.luma(bar).setTo(cv::Scalar(120));
    }
    const auto face = tracker.Update(scene.luma);
    ASSERT_TRUE(face) << i;
    EXPECT_GT(BoxOverlap(face->box, truth), 0.4) << i;
  }
  EXPECT_GT(tracker.tally().followed, 0);
  EXPECT_EQ(tracker.tally().lost, 0);
}

TEST(FaceTracker, GivesUpAFaceThatStaysHidden) {
  FaceTracker tracker;
  std::optional<DetectedFace> face;
  for (int i = 0; i < 40; ++i) {
    Scene scene(kFrame);
    const auto truth = scene.AddFace({300, 180}, 130);
    if (i >= 3) scene.luma(cv::Rect(truth)).setTo(cv::Scalar(120));
    face = tracker.Update(scene.luma);
    if (i < 3) {
      ASSERT_TRUE(face);
    }
  }
  EXPECT_FALSE(face);
  EXPECT_LE(tracker.tally().followed, 15);
}

TEST(FaceTracker, StaysWithItsFaceWhenAnotherBecomesLarger) {
  FaceTracker tracker;
  for (int i = 0; i < 20; ++i) {
    Scene scene({900, 400});
    const auto followed = scene.AddFace({200, 200}, 140);
    scene.AddFace({620, 200}, 90 + 8.0f * i);
    const auto face = tracker.Update(scene.luma);
    ASSERT_TRUE(face) << i;
    EXPECT_GT(BoxOverlap(face->box, followed), 0.4) << i;
  }
}

TEST(FaceTracker, StartsWithTheLargestFace) {
  Scene scene({900, 400});
  scene.AddFace({200, 200}, 110);
  const auto largest = scene.AddFace({620, 200}, 200);
  const auto face = FaceTracker().Update(scene.luma);
  ASSERT_TRUE(face);
  EXPECT_GT(BoxOverlap(face->box, largest), 0.4);
}

TEST(FaceTracker, SearchesAnewAfterASceneCut) {
  FaceTracker tracker;
  for (int i = 0; i < 3; ++i) {
    Scene bright(kFrame, 220);
    bright.AddFace({150, 180}, 120);
    ASSERT_TRUE(tracker.Update(bright.luma));
  }
  Scene dark(kFrame, 60);
  const auto truth = dark.AddFace({480, 180}, 150);
  const auto face = tracker.Update(dark.luma);
  ASSERT_TRUE(face);
  EXPECT_GT(BoxOverlap(face->box, truth), 0.4);
  EXPECT_EQ(tracker.tally().whole_searches, 2);
}

TEST(FaceTracker, TakesAChangeOfSizeAsACut) {
  FaceTracker tracker;
  Scene small(kFrame), large({960, 540});
  small.AddFace({300, 180}, 120);
  const auto truth = large.AddFace({700, 300}, 150);
  ASSERT_TRUE(tracker.Update(small.luma));
  const auto face = tracker.Update(large.luma);
  ASSERT_TRUE(face);
  EXPECT_GT(BoxOverlap(face->box, truth), 0.4);
}

TEST(FaceTracker, SaysWhichFacesWereFollowedAndNotSeen) {
  FaceTracker tracker;
  Scene scene(kFrame);
  scene.AddFace({300, 180}, 130);
  const auto seen = tracker.Update(scene.luma);
  ASSERT_TRUE(seen);
  EXPECT_NE(seen->score, 0);
  EXPECT_THROW(tracker.Update(cv::Mat()), std::invalid_argument);
  EXPECT_EQ(tracker.tally().frames, 1);
}

}  // namespace
}  // namespace reelswap
