#include "pipeline/steady_faces.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

using Items = std::deque<std::shared_ptr<ConvertItem>>;

ConvertFace FaceOf(int64_t track, int gray, float gain, int input_gray = 100) {
  ConvertFace face;
  face.planned.track = track;
  face.swapped.image = cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(gray));
  face.small = ShrunkCrop(face.swapped.image);
  face.aligned.image = cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(input_gray));
  face.color = {ColorMode::kAverage, {gain, 2 * gain}};
  return face;
}

Items Window(const std::vector<std::vector<ConvertFace>>& frames) {
  Items items;
  for (size_t i = 0; i < frames.size(); ++i) {
    items.push_back(std::make_shared<ConvertItem>());
    items.back()->number = static_cast<int64_t>(i);
    items.back()->faces = frames[i];
  }
  return items;
}

TEST(SteadyFaces, AveragesTheColoursOfOneTrackOverTime) {
  std::vector<std::vector<ConvertFace>> frames;
  for (int i = 0; i < 13; ++i) frames.push_back({FaceOf(0, 120, i % 2 == 0 ? 0.9f : 1.1f)});
  const Items items = Window(frames);
  SteadyFaces(items, 6);
  const FaceColor& color = items[6]->faces[0].steady_color;
  ASSERT_EQ(color.values.size(), 2u);
  EXPECT_NEAR(color.values[0], 1.0f, 0.01);  // of a swing of 0.1 either way; the Gaussian leaves a tenth of it
  EXPECT_NEAR(color.values[1], 2.0f, 0.02);
  EXPECT_EQ(items[6]->faces[0].color.values[0], 0.9f) << "the measured one is what neighbours look at";
}

TEST(SteadyFaces, KeepsTracksApart) {
  const Items items = Window({{FaceOf(0, 120, 1.0f)}, {FaceOf(1, 120, 2.0f), FaceOf(0, 120, 1.0f)}, {FaceOf(1, 120, 2.0f)}});
  SteadyFaces(items, 1);
  EXPECT_FLOAT_EQ(items[1]->faces[0].steady_color.values[0], 2.0f);
  EXPECT_FLOAT_EQ(items[1]->faces[1].steady_color.values[0], 1.0f);
}

TEST(SteadyFaces, ReplacesACropThatFlashesByTheMeanOfItsNeighbours) {
  const Items items = Window({{FaceOf(0, 100, 1)}, {FaceOf(0, 180, 1)}, {FaceOf(0, 104, 1)}});
  SteadyFaces(items, 1);
  const ConvertFace& face = items[1]->faces[0];
  EXPECT_TRUE(face.quality.flash_repaired);
  EXPECT_NEAR(face.quality.flash, 72, 0.5);  // 76 levels to the nearer neighbour, which differ by 4
  ASSERT_FALSE(face.repaired.empty());
  EXPECT_EQ(face.repaired.at<cv::Vec3b>(5, 5), cv::Vec3b(102, 102, 102));
  EXPECT_EQ(face.swapped.image.at<cv::Vec3b>(5, 5), cv::Vec3b(180, 180, 180));
}

TEST(SteadyFaces, LeavesAJumpThatTheFrameShowsToo) {
  const Items items = Window({{FaceOf(0, 100, 1, 90)}, {FaceOf(0, 180, 1, 160)}, {FaceOf(0, 104, 1, 92)}});
  SteadyFaces(items, 1);
  EXPECT_FALSE(items[1]->faces[0].quality.flash_repaired);
  EXPECT_TRUE(items[1]->faces[0].repaired.empty());
}

TEST(SteadyFaces, LeavesASteadyMotionAndTheEndsAlone) {
  const Items items = Window({{FaceOf(0, 100, 1)}, {FaceOf(0, 120, 1)}, {FaceOf(0, 140, 1)}});
  for (size_t i = 0; i < 3; ++i) SteadyFaces(items, i);
  for (const auto& item : items) EXPECT_FALSE(item->faces[0].quality.flash_repaired);
}

TEST(SteadyFaces, CalmsTheEdgeOfWhatStandsInFront) {
  const Items items = Window({{FaceOf(0, 100, 1)}, {FaceOf(0, 100, 1)}, {FaceOf(0, 100, 1)}, {FaceOf(0, 100, 1)}});
  items[1]->faces[0].swapped.unoccluded = cv::Mat(64, 64, CV_8UC1, cv::Scalar(0));
  for (size_t i = 0; i < 4; ++i) SteadyFaces(items, i);
  EXPECT_EQ(items[0]->faces[0].steady_unoccluded.at<uchar>(3, 3), 170);  // itself twice, its neighbour once
  EXPECT_EQ(items[1]->faces[0].steady_unoccluded.at<uchar>(3, 3), 128);  // half
  EXPECT_EQ(items[2]->faces[0].steady_unoccluded.at<uchar>(3, 3), 191);  // a quarter hidden
  EXPECT_TRUE(items[3]->faces[0].steady_unoccluded.empty());
}

}  // namespace
}  // namespace reelswap
