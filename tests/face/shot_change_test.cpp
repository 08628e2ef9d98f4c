#include "face/shot_change.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "face/newcomer_watch.h"

namespace reelswap {
namespace {

using Kind = ShotChange::Kind;
const cv::Size kFrame(640, 360);

/// A room of large bright and dark patches, the same for the same number, moved by `shift` px.
LumaGrid Room(int number, int shift = 0, double gain = 1, double offset = 0) {
  cv::Mat coarse(6, 24, CV_8UC1), wide;
  cv::RNG random(static_cast<uint64_t>(number) * 77 + 1);
  random.fill(coarse, cv::RNG::UNIFORM, 30, 200);
  cv::resize(coarse, wide, {2 * kFrame.width, kFrame.height}, 0, 0, cv::INTER_CUBIC);
  cv::Mat frame;
  wide(cv::Rect({shift, 0}, kFrame)).convertTo(frame, CV_8U, gain, offset);
  return MakeLumaGrid(frame, 48);
}

Kind KindOf(const std::vector<LumaGrid>& grids, size_t at) {
  std::vector<const LumaGrid*> pointers;
  for (const auto& g : grids) pointers.push_back(&g);
  return ShotChange::Of(pointers, at);
}

TEST(ShotChange, SeesACutBetweenTwoRooms) {
  EXPECT_EQ(KindOf({Room(1), Room(1), Room(2), Room(2), Room(2)}, 2), Kind::kCut);
  EXPECT_EQ(KindOf({Room(1), Room(1), Room(2), Room(2), Room(2)}, 1), Kind::kNone);
  EXPECT_EQ(KindOf({Room(1), Room(2)}, 1), Kind::kCut);  // nothing known of what follows
}

TEST(ShotChange, TheFirstFrameIsNoCut) { EXPECT_EQ(KindOf({Room(1), Room(2)}, 0), Kind::kNone); }

TEST(ShotChange, AFlashOfOneOrTwoFramesIsNoCut) {
  const auto flash = Room(1, 0, 0.2, 210);
  EXPECT_EQ(KindOf({Room(1), Room(1), flash, Room(1), Room(1)}, 2), Kind::kFlash);
  EXPECT_EQ(KindOf({Room(1), Room(1), flash, flash, Room(1)}, 2), Kind::kFlash);
  EXPECT_EQ(KindOf({Room(1), Room(1), Room(3), Room(1), Room(1)}, 2), Kind::kFlash);  // one wrong frame
}

TEST(ShotChange, ReturningFromAFlashIsNoCut) {
  const auto flash = Room(1, 0, 0.2, 210);
  EXPECT_EQ(KindOf({Room(1), flash, Room(1), Room(1), Room(1)}, 2), Kind::kNone);
}

TEST(ShotChange, AFastPanIsNoCut) {
  std::vector<LumaGrid> pan;
  for (int i = 0; i < 5; ++i) pan.push_back(Room(1, 40 + 60 * i));
  EXPECT_EQ(KindOf(pan, 2), Kind::kNone);
}

TEST(ShotChange, LightsThatGoOnAreNoCutByThemselves) {
  const auto dark = Room(1, 0, 0.5, 5), bright = Room(1, 0, 1, 40);
  EXPECT_EQ(KindOf({dark, dark, bright, bright, bright}, 2), Kind::kJump);  // unless the faces say otherwise
}

TEST(ShotChange, AChangeOfSizeIsACut) {
  const auto other = MakeLumaGrid(cv::Mat(480, 640, CV_8UC1, cv::Scalar(100)), 48);
  EXPECT_EQ(KindOf({Room(1), other}, 1), Kind::kCut);
}

TEST(LumaGrid, IsTheMeanOfEveryBlock) {
  cv::Mat luma(50, 70, CV_8UC1, cv::Scalar(10));
  luma(cv::Rect(16, 8, 8, 8)).setTo(90);
  const auto grid = MakeLumaGrid(luma, 48);
  ASSERT_EQ(grid.block, 8);
  ASSERT_EQ(grid.means.size(), cv::Size(8, 6));
  EXPECT_EQ(grid.means.at<uint8_t>(1, 2), 90);
  EXPECT_EQ(grid.means.at<uint8_t>(1, 3), 10);
}

TEST(LumaGrid, WorksOnTheSmallestPictures) {
  for (const cv::Size size : {cv::Size(1, 1), {3, 2}, {16, 16}, {1, 300}}) {
    const auto grid = MakeLumaGrid(cv::Mat(size, CV_8UC1, cv::Scalar(77)), 48);
    EXPECT_GE(grid.means.total(), 1u) << size;
    EXPECT_EQ(grid.means.at<uint8_t>(0, 0), 77) << size;
  }
}

cv::Mat Wall() { return cv::Mat(kFrame, CV_8UC1, cv::Scalar(120)); }

TEST(NewcomerWatch, AsksForThePartThatChanged) {
  NewcomerWatch watch;
  EXPECT_EQ(watch.Changed(MakeLumaGrid(Wall(), 48), {}, 48), std::vector<cv::Rect>{cv::Rect({}, kFrame)});
  watch.SearchedAll(MakeLumaGrid(Wall(), 48));
  EXPECT_TRUE(watch.Changed(MakeLumaGrid(Wall(), 48), {}, 48).empty());
  cv::Mat changed = Wall();
  const cv::Rect newcomer(400, 100, 60, 60);
  changed(newcomer).setTo(200);
  const auto parts = watch.Changed(MakeLumaGrid(changed, 48), {}, 48);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0] & newcomer, newcomer);
  EXPECT_LT(parts[0].area(), 0.2 * kFrame.area());
  watch.Searched(MakeLumaGrid(changed, 48), parts);
  EXPECT_TRUE(watch.Changed(MakeLumaGrid(changed, 48), {}, 48).empty());
}

TEST(NewcomerWatch, LooksEverySecondTimeWhereSomethingKeepsMoving) {
  NewcomerWatch watch;
  watch.SearchedAll(MakeLumaGrid(Wall(), 48));
  int searched = 0;
  for (int i = 0; i < 10; ++i) {
    cv::Mat hands = Wall();
    hands(cv::Rect(400, 100, 80, 80)).setTo(20 + 10 * i);
    const auto grid = MakeLumaGrid(hands, 48);
    const auto parts = watch.Changed(grid, {}, 48);
    watch.Searched(grid, parts);
    searched += !parts.empty();
  }
  EXPECT_EQ(searched, 5);
}

TEST(NewcomerWatch, LeavesOutKnownFacesAndSpecks) {
  NewcomerWatch watch;
  watch.SearchedAll(MakeLumaGrid(Wall(), 48));
  cv::Mat changed = Wall();
  changed(cv::Rect(400, 100, 60, 60)).setTo(200);
  EXPECT_TRUE(watch.Changed(MakeLumaGrid(changed, 48), {{400, 100, 60, 60}}, 48).empty());
  cv::Mat speck = Wall();
  speck(cv::Rect(200, 200, 8, 8)).setTo(255);
  EXPECT_TRUE(watch.Changed(MakeLumaGrid(speck, 48), {}, 48).empty());
}

TEST(NewcomerWatch, SeesWhatChangesTooSlowlyForAnyTwoFrames) {
  NewcomerWatch watch;
  watch.SearchedAll(MakeLumaGrid(Wall(), 48));
  bool seen = false;
  for (int i = 1; i <= 10 && !seen; ++i) {
    cv::Mat slow = Wall();
    slow(cv::Rect(400, 100, 60, 60)).setTo(120 + 2 * i);
    const auto parts = watch.Changed(MakeLumaGrid(slow, 48), {}, 48);
    watch.Searched(MakeLumaGrid(slow, 48), parts);
    seen = !parts.empty();
  }
  EXPECT_TRUE(seen);
}

TEST(NewcomerWatch, SearchesAllOfAPictureThatChangedInMorePlacesThanCanBeJoined) {
  const cv::Mat dark(2160, 3840, CV_8UC1, cv::Scalar(20));
  NewcomerWatch watch;
  watch.SearchedAll(MakeLumaGrid(dark, 12));
  cv::Mat dotted = dark.clone();
  for (int y = 40; y + 40 < dotted.rows; y += 80) {
    for (int x = 40; x + 40 < dotted.cols; x += 80) dotted(cv::Rect(x, y, 24, 24)).setTo(200);
  }
  const auto parts = watch.Changed(MakeLumaGrid(dotted, 12), {}, 12);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0], cv::Rect({}, dotted.size()));
  cv::Mat one = dark.clone();
  one(cv::Rect(400, 400, 24, 24)).setTo(200);
  EXPECT_EQ(watch.Changed(MakeLumaGrid(one, 12), {}, 12).size(), 1u);
  EXPECT_LT(watch.Changed(MakeLumaGrid(one, 12), {}, 12)[0].width, 100);
}

}  // namespace
}  // namespace reelswap
