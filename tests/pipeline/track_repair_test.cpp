#include "pipeline/track_repair.h"

#include <gtest/gtest.h>

#include "pipeline/fake_tracks.h"
#include "pipeline/track_fade.h"

namespace reelswap {
namespace {

using testing::FakePose;
using testing::Jitter;
using testing::MakeFace;

std::vector<TrackPoint> Perform(int frames, const std::function<FakePose(int)>& pose, uint32_t seed = 1) {
  Jitter jitter(seed);
  std::vector<TrackPoint> points(frames);
  for (int t = 0; t < frames; ++t) {
    points[t].present = true;
    points[t].face = jitter.Add(MakeFace(pose(t)), 0.01);
  }
  return points;
}

FakePose Walking(int t) { return {100 + 4.0 * t, 200 + 10 * std::sin(0.2 * t), 60, 0.002 * t}; }

std::vector<int> Repaired(const std::vector<TrackPoint>& points) {
  std::vector<int> frames;
  for (size_t t = 0; t < points.size(); ++t) {
    if (points[t].repaired) frames.push_back(static_cast<int>(t));
  }
  return frames;
}

double OffInEyes(const DetectedFace& face, const DetectedFace& truth) {
  return cv::norm(face.landmarks[30] - truth.landmarks[30]) / EyeDistance(truth.landmarks);
}

class RepairJumpsOf : public ::testing::TestWithParam<int> {};

TEST_P(RepairJumpsOf, FindsAndMendsJumpsOfThatManyFrames) {
  std::vector<TrackPoint> points = Perform(80, Walking);
  for (int t = 40; t < 40 + GetParam(); ++t) {
    for (cv::Point2f& p : points[t].face.landmarks) p += cv::Point2f(25, -18);
  }
  RepairJumps(points);
  std::vector<int> expected;
  for (int t = 40; t < 40 + GetParam(); ++t) expected.push_back(t);
  EXPECT_EQ(Repaired(points), expected);
  for (const int t : expected) EXPECT_LT(OffInEyes(points[t].face, MakeFace(Walking(t))), 0.05) << "frame " << t;
}

INSTANTIATE_TEST_SUITE_P(Lengths, RepairJumpsOf, ::testing::Values(1, 2, 3));

TEST(RepairJumps, LeavesNoiseAndFastMotionAlone) {
  std::vector<TrackPoint> points = Perform(120, [](int t) {
    // A head shaken at 3 Hz over one eye distance, then thrown aside.
    return FakePose{320 + 30 * std::sin(2 * CV_PI * t / 10.0) + (t > 80 ? 90 : 0), 200, 60};
  });
  RepairJumps(points);
  EXPECT_EQ(Repaired(points), std::vector<int>());
}

TEST(RepairJumps, LeavesAMouthThatOpensAlone) {
  std::vector<TrackPoint> points = Perform(40, [](int) { return FakePose{}; });
  for (int t = 20; t < 22; ++t) {
    for (int i = 55; i < 60; ++i) points[t].face.landmarks[i].y += 20;
    for (int i = 5; i < 12; ++i) points[t].face.landmarks[i].y += 15;
  }
  RepairJumps(points);
  EXPECT_EQ(Repaired(points), std::vector<int>());
}

TEST(RepairJumps, LeavesWhatStaysAwayAlone) {
  std::vector<TrackPoint> points = Perform(40, [](int t) { return FakePose{t < 20 ? 200.0 : 240.0, 200, 60}; });
  RepairJumps(points);
  EXPECT_EQ(Repaired(points), std::vector<int>());
}

TEST(FillGaps, PutsFacesBetweenTheNeighboursOfAGap) {
  std::vector<TrackPoint> points = Perform(60, Walking);
  for (int t = 20; t < 26; ++t) points[t] = {};
  FillGaps(points, 8);
  for (int t = 0; t < 60; ++t) EXPECT_EQ(points[t].filled, t >= 20 && t < 26) << t;
  for (int t = 20; t < 26; ++t) {
    EXPECT_TRUE(points[t].present);
    EXPECT_LT(OffInEyes(points[t].face, MakeFace(Walking(t))), 0.1) << "frame " << t;
    EXPECT_EQ(points[t].face.score, 0) << "nobody searched there";
  }
}

TEST(FillGaps, LeavesLongGapsAndOpenEndsAlone) {
  std::vector<TrackPoint> points = Perform(40, Walking);
  for (int t = 0; t < 3; ++t) points[t] = {};
  for (int t = 10; t < 19; ++t) points[t] = {};
  for (int t = 36; t < 40; ++t) points[t] = {};
  FillGaps(points, 8);
  int present = 0;
  for (const TrackPoint& point : points) present += point.present;
  EXPECT_EQ(present, 40 - 3 - 9 - 4);
  FillGaps(points, 9);
  EXPECT_TRUE(points[14].filled);
}

TEST(Opacities, FallBeyondTheLimitAndNeverPop) {
  std::vector<float> yaws;
  for (int t = 0; t < 100; ++t) yaws.push_back(t < 50 ? 10.0f : 90.0f);
  const auto opacities = OpacitiesOf(yaws, {30, 20}, false, false);
  EXPECT_EQ(opacities[20], 1);
  EXPECT_EQ(opacities[80], 0);
  for (size_t t = 1; t < opacities.size(); ++t) EXPECT_LT(std::abs(opacities[t] - opacities[t - 1]), 0.2f) << t;
  EXPECT_NEAR(OpacitiesOf(std::vector<float>(20, -40.0f), {30, 20}, false, false)[10], 0.5, 1e-5);
}

TEST(Opacities, FadeInAndOutInsideAShot) {
  const std::vector<float> still(10, 0.0f);
  EXPECT_EQ(OpacitiesOf(still, {}, false, false), std::vector<float>(10, 1.0f));
  const auto open = OpacitiesOf(still, {}, true, true);
  EXPECT_FLOAT_EQ(open[0], 0.25f);
  EXPECT_FLOAT_EQ(open[2], 0.75f);
  EXPECT_FLOAT_EQ(open[3], 1);
  EXPECT_FLOAT_EQ(open[9], 0.25f);
}

TEST(UsualYaw, IsWhatNineteenOfTwentyPosesStayUnder) {
  std::vector<HeadPose> poses;
  for (int i = 1; i <= 100; ++i) poses.push_back({i % 2 ? static_cast<float>(i) : -static_cast<float>(i), 0, 0});
  EXPECT_EQ(UsualYaw(poses), 96);
  EXPECT_EQ(UsualYaw({}), 0);
}

}  // namespace
}  // namespace reelswap
