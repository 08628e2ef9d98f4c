#include "pipeline/face_filter.h"

#include <gtest/gtest.h>

#include <set>

namespace reelswap {
namespace {

FaceRecord GoodFace() {
  FaceRecord face;
  face.face.box = {100, 100, 90, 90};
  face.picture = {640, 480};
  face.sharpness = 50;
  return face;
}

TEST(FaceFilter, AGoodFaceIsKept) { EXPECT_EQ(RejectionOf(GoodFace(), 1, {}), ""); }

TEST(FaceFilter, EachReasonIsNamed) {
  FaceSettings settings;
  settings.min_size = 60;
  FaceRecord small = GoodFace(), outside = GoodFace(), turned = GoodFace(), blurred = GoodFace();
  small.face.box = {100, 100, 59, 50};
  outside.face.box = {-40, 100, 90, 90};
  turned.pose.yaw = -80;
  blurred.sharpness = 0.5f;
  EXPECT_EQ(RejectionOf(small, 1, settings), "too_small");
  EXPECT_EQ(RejectionOf(outside, 1, settings), "outside_picture");
  EXPECT_EQ(RejectionOf(turned, 1, settings), "turned_away");
  EXPECT_EQ(RejectionOf(blurred, 1, settings), "blurred");
  EXPECT_EQ(RejectionOf(GoodFace(), 2, settings), "several_faces");
}

TEST(FaceFilter, AnExplicitSharpnessReplacesTheAutomaticOne) {
  FaceSettings settings;
  settings.min_sharpness = 60;
  EXPECT_EQ(RejectionOf(GoodFace(), 1, settings), "blurred");
  settings.min_sharpness = 0;
  FaceRecord soft = GoodFace();
  soft.sharpness = 0;
  EXPECT_EQ(RejectionOf(soft, 1, settings), "");
}

std::vector<FaceRecord> Turning(int count) {
  std::vector<FaceRecord> faces(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    FaceRecord& face = faces[static_cast<size_t>(i)];
    face.frame_index = i;
    // Nearly still, but for three quick glances.
    face.pose.yaw = i == 20 ? -30.0f : i == 50 ? 30.0f : i == 70 ? 60.0f : 0.01f * static_cast<float>(i);
  }
  return faces;
}

TEST(FaceFilter, OfTooManyTheMostDifferentStay) {
  const auto faces = Turning(100);
  const auto left_out = LeastDifferentFaces(faces, 4);
  ASSERT_EQ(left_out.size(), 96u);
  const std::set<std::pair<int64_t, int>> gone(left_out.begin(), left_out.end());
  for (int64_t glance : {20, 50, 70}) EXPECT_FALSE(gone.contains({glance, 0})) << glance;
}

TEST(FaceFilter, FewerThanTheLimitAllStayAndRejectedOnesDoNotCount) {
  auto faces = Turning(10);
  EXPECT_TRUE(LeastDifferentFaces(faces, 10).empty());
  for (int i = 0; i < 5; ++i) faces[static_cast<size_t>(i)].rejected = "blurred";
  EXPECT_TRUE(LeastDifferentFaces(faces, 5).empty());
}

TEST(FaceFilter, ASourceIsSortedAnewFromItsRowsAlone) {
  auto faces = Turning(100);
  for (FaceRecord& face : faces) {
    face.face.box = {100, 100, 90, 90};
    face.picture = {640, 480};
    face.sharpness = 50;
    face.rejected = "blurred";  // of an earlier threshold
  }
  faces[1].frame_index = 0;  // two faces in the first picture
  faces[1].face_number = 1;
  FaceSettings settings;
  settings.max_yaw = 40;
  settings.max_per_source = 10;
  FilterSource(faces, settings);
  SourceTally tally;
  CountFaces(faces, tally);
  EXPECT_EQ(tally.faces_kept, 10);
  EXPECT_EQ(tally.rejected.at("several_faces"), 2);
  EXPECT_EQ(tally.rejected.at("turned_away"), 1);
  EXPECT_EQ(tally.rejected.at("over_limit"), 87);
}

}  // namespace
}  // namespace reelswap
