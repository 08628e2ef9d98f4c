#include "compose/side_by_side.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace reelswap {
namespace {

FrameFormat Format(int width, int height, int depth, int shift_x, int shift_y, bool gray = false) {
  FrameFormat format;
  format.width = width;
  format.height = height;
  format.bit_depth = depth;
  format.chroma_shift_x = shift_x;
  format.chroma_shift_y = shift_y;
  format.gray = gray;
  return format;
}

// A frame whose every sample is random within the depth.
Frame RandomFrame(const FrameFormat& format, uint64_t seed, int64_t index = 0, int64_t pts = 0) {
  Frame frame = Frame::Black(format, index, pts);
  cv::RNG rng(seed);
  for (int p = 0; p < format.PlaneCount(); ++p) {
    cv::Mat plane = frame.Plane(p);
    rng.fill(plane, cv::RNG::UNIFORM, 0, 1 << format.bit_depth);
  }
  return frame;
}

bool Equal(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

TEST(SideBySide, CopiesEverySampleOfEveryFormat) {
  const std::vector<FrameFormat> formats{Format(64, 48, 8, 1, 1), Format(64, 48, 10, 1, 1),
                                         Format(64, 48, 8, 1, 0), Format(64, 48, 12, 0, 0),
                                         Format(33, 47, 8, 0, 0), Format(64, 48, 8, 1, 1, true),
                                         Format(63, 47, 8, 1, 1), Format(63, 47, 10, 1, 1),
                                         Format(63, 47, 8, 1, 0), Format(1, 1, 8, 1, 1)};
  for (const FrameFormat& format : formats) {
    for (const auto layout : {SideBySideLayout::kHorizontal, SideBySideLayout::kVertical}) {
      const Frame first = RandomFrame(format, 1), second = RandomFrame(format, 2);
      const Frame both = SideBySide(first, second, layout, "", "");
      EXPECT_EQ(both.format(), SideBySideFormat(format, layout));
      for (int p = 0; p < format.PlaneCount(); ++p) {
        const cv::Mat plane = both.Plane(p);
        const cv::Size size = format.PlaneSize(p);
        const bool horizontal = layout == SideBySideLayout::kHorizontal;
        const cv::Point middle = horizontal ? cv::Point(plane.cols / 2, 0) : cv::Point(0, plane.rows / 2);
        EXPECT_TRUE(Equal(plane(cv::Rect(cv::Point(), size)), first.Plane(p))) << "plane " << p;
        EXPECT_TRUE(Equal(plane(cv::Rect(middle, size)), second.Plane(p))) << "plane " << p;
      }
    }
  }
}

TEST(SideBySideFormat, PadsOddSizesOnlyWhereChromaNeedsIt) {
  EXPECT_EQ(SideBySideFormat(Format(63, 47, 8, 1, 1), SideBySideLayout::kHorizontal).width, 128);
  EXPECT_EQ(SideBySideFormat(Format(63, 47, 8, 1, 1), SideBySideLayout::kHorizontal).height, 47);
  EXPECT_EQ(SideBySideFormat(Format(63, 47, 8, 1, 1), SideBySideLayout::kVertical).height, 96);
  EXPECT_EQ(SideBySideFormat(Format(63, 47, 8, 1, 0), SideBySideLayout::kVertical).height, 94);
  EXPECT_EQ(SideBySideFormat(Format(63, 47, 8, 0, 0), SideBySideLayout::kHorizontal).width, 126);
  EXPECT_EQ(SideBySideFormat(Format(63, 47, 8, 1, 1, true), SideBySideLayout::kHorizontal).width, 126);
}

TEST(SideBySide, RepeatsTheLastColumnWhereItPads) {
  const Frame first = RandomFrame(Format(63, 47, 8, 1, 1), 1),
              second = RandomFrame(Format(63, 47, 8, 1, 1), 2);
  const Frame both = SideBySide(first, second, SideBySideLayout::kHorizontal, "", "");
  EXPECT_TRUE(Equal(both.Luma().col(63), first.Luma().col(62)));
  EXPECT_TRUE(Equal(both.Luma().col(127), second.Luma().col(62)));
}

TEST(SideBySide, CarriesIndexTimeAndColourMeaningOfTheFirst) {
  FrameFormat format = Format(64, 48, 10, 1, 0);
  format.full_range = true;
  format.matrix = ColorMatrix::kBt2020;
  const Frame both = SideBySide(RandomFrame(format, 1, 7, 12345), RandomFrame(format, 2, 99, 1),
                                SideBySideLayout::kVertical, "", "");
  EXPECT_EQ(both.index(), 7);
  EXPECT_EQ(both.pts(), 12345);
  EXPECT_TRUE(both.format().full_range);
  EXPECT_EQ(both.format().matrix, ColorMatrix::kBt2020);
}

TEST(SideBySide, CaptionsBothHalvesInTheirTopLeftCorners) {
  for (const int depth : {8, 10}) {
    for (const auto layout : {SideBySideLayout::kHorizontal, SideBySideLayout::kVertical}) {
      const FrameFormat format = Format(321, 241, depth, 1, 1);
      const Frame dark = Frame::Black(format, 0, 0);
      const Frame both = SideBySide(dark, dark, layout, "Original", "Swapped");
      const Frame bare = SideBySide(dark, dark, layout, "", "");
      const cv::Mat changed = both.Luma() != bare.Luma();
      const cv::Point second =
          layout == SideBySideLayout::kHorizontal ? cv::Point(322, 0) : cv::Point(0, 242);
      const cv::Rect corner(0, 0, 120, 40);
      const int first_count = cv::countNonZero(changed(corner));
      const int second_count = cv::countNonZero(changed(corner + second));
      EXPECT_GT(first_count, 100);
      EXPECT_GT(second_count, 100);
      EXPECT_EQ(cv::countNonZero(changed), first_count + second_count) << "nothing else changes";
    }
  }
}

TEST(SideBySide, DoesNotTouchItsInputs) {
  const Frame first = RandomFrame(Format(320, 240, 8, 1, 1), 1),
              second = RandomFrame(Format(320, 240, 8, 1, 1), 2);
  const Frame first_before = first.Clone(), second_before = second.Clone();
  SideBySide(first, second, SideBySideLayout::kHorizontal, "Original", "Swapped");
  for (int p = 0; p < 3; ++p) {
    EXPECT_TRUE(Equal(first.Plane(p), first_before.Plane(p)));
    EXPECT_TRUE(Equal(second.Plane(p), second_before.Plane(p)));
  }
}

TEST(SideBySide, KeepsACaptionThatIsTooLongInItsHalf) {
  const FrameFormat format = Format(128, 96, 8, 1, 1);
  const Frame dark = Frame::Black(format, 0, 0);
  const Frame both = SideBySide(dark, dark, SideBySideLayout::kHorizontal, std::string(300, 'W'), "");
  const cv::Mat changed = both.Luma() != SideBySide(dark, dark, SideBySideLayout::kHorizontal, "", "").Luma();
  EXPECT_GT(cv::countNonZero(changed.colRange(0, 128)), 0);
  EXPECT_EQ(cv::countNonZero(changed.colRange(128, 256)), 0);
}

TEST(SideBySide, RefusesFramesThatDiffer) {
  const Frame one = RandomFrame(Format(64, 48, 8, 1, 1), 1);
  EXPECT_THROW(
      SideBySide(one, RandomFrame(Format(64, 50, 8, 1, 1), 2), SideBySideLayout::kHorizontal, "", ""),
      std::invalid_argument);
  EXPECT_THROW(
      SideBySide(one, RandomFrame(Format(64, 48, 10, 1, 1), 2), SideBySideLayout::kHorizontal, "", ""),
      std::invalid_argument);
  EXPECT_THROW(SideBySide(one, Frame(), SideBySideLayout::kHorizontal, "", ""), std::invalid_argument);
  EXPECT_THROW(SideBySide(Frame(), Frame(), SideBySideLayout::kHorizontal, "", ""), std::invalid_argument);
}

TEST(SideBySideComposer, GivesTheSameFromManyThreads) {
  const FrameFormat format = Format(320, 240, 8, 1, 1);
  const Frame first = RandomFrame(format, 1), second = RandomFrame(format, 2);
  const SideBySideComposer composer(format, SideBySideLayout::kHorizontal, "Original", "Swapped");
  EXPECT_EQ(composer.format().width, 640);
  const Frame expected = SideBySide(first, second, SideBySideLayout::kHorizontal, "Original", "Swapped");
  std::vector<Frame> frames(4);
  std::vector<std::thread> threads;
  for (Frame& frame : frames) threads.emplace_back([&] { frame = composer.Combine(first, second); });
  for (std::thread& thread : threads) thread.join();
  for (const Frame& frame : frames) {
    for (int p = 0; p < 3; ++p) EXPECT_TRUE(Equal(frame.Plane(p), expected.Plane(p)));
  }
}

TEST(SideBySidePhotos, PutsPhotosNextToAndAboveEachOther) {
  const cv::Mat red(101, 203, CV_8UC3, cv::Scalar(0, 0, 255)), blue(101, 203, CV_8UC3, cv::Scalar(255, 0, 0));
  const cv::Mat wide = SideBySidePhotos(red, blue, SideBySideLayout::kHorizontal, "Original", "Swapped");
  const cv::Mat tall = SideBySidePhotos(red, blue, SideBySideLayout::kVertical, "", "");
  EXPECT_EQ(wide.size(), cv::Size(406, 101));
  EXPECT_EQ(tall.size(), cv::Size(203, 202));
  EXPECT_EQ(wide.at<cv::Vec3b>(100, 202), cv::Vec3b(0, 0, 255));
  EXPECT_EQ(wide.at<cv::Vec3b>(100, 203), cv::Vec3b(255, 0, 0));
  EXPECT_NE(wide.at<cv::Vec3b>(8, 8), cv::Vec3b(0, 0, 255)) << "the caption's plate";
  EXPECT_TRUE(Equal(tall(cv::Rect(0, 0, 203, 101)), red));
  EXPECT_TRUE(Equal(tall(cv::Rect(0, 101, 203, 101)), blue));
}

TEST(SideBySidePhotos, RefusesPhotosThatDiffer) {
  const cv::Mat a(10, 10, CV_8UC3), b(10, 12, CV_8UC3);
  EXPECT_THROW(SideBySidePhotos(a, b, SideBySideLayout::kHorizontal, "", ""), std::invalid_argument);
  EXPECT_THROW(SideBySidePhotos({}, {}, SideBySideLayout::kHorizontal, "", ""), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
