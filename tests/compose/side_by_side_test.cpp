#include "compose/side_by_side.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
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

// Formats that differ in every respect the planes can.
std::vector<FrameFormat> ManyFormats(int width, int height) {
  return {Format(width, height, 8, 1, 1),  Format(width, height, 10, 1, 1), Format(width, height, 8, 1, 0),
          Format(width, height, 10, 1, 0), Format(width, height, 12, 0, 0), Format(width, height, 8, 0, 0),
          Format(width, height, 8, 1, 1, true)};
}

const std::vector<std::string> kNoCaptions{"", ""};

TEST(SideBySideWipe, ShowsTheOriginalLeftOfALineAndTheResultRightOfIt) {
  for (const cv::Size size : {cv::Size(320, 180), cv::Size(319, 181)}) {
    for (const FrameFormat& format : ManyFormats(size.width, size.height)) {
      const std::vector<Frame> frames{RandomFrame(format, 1, 7, 99), RandomFrame(format, 2)};
      const SideBySideComposer composer(format, SideBySideLayout::kWipe, kNoCaptions);
      EXPECT_EQ(composer.format(), format);
      const Frame wiped = composer.Combine(frames, {}, 1.5);  // a quarter of its way: in the middle
      EXPECT_EQ(wiped.index(), 7);
      EXPECT_EQ(wiped.pts(), 99);
      for (int p = 0; p < format.PlaneCount(); ++p) {
        const cv::Mat plane = wiped.Plane(p);
        const int line = (size.width / 2 & ~1) >> (p > 0 ? format.chroma_shift_x : 0);
        const int thick = 2 >> (p > 0 ? format.chroma_shift_x : 0);
        EXPECT_TRUE(Equal(plane.colRange(0, line), frames[0].Plane(p).colRange(0, line))) << "plane " << p;
        EXPECT_TRUE(Equal(plane.colRange(line + thick, plane.cols),
                          frames[1].Plane(p).colRange(line + thick, plane.cols)))
            << "plane " << p;
        double low = 0, high = 0;
        cv::minMaxLoc(plane.colRange(line, line + thick), &low, &high);
        EXPECT_EQ(low, high) << "one colour";
      }
    }
  }
}

// Column of the first sample that is the result's, where both pictures are flat.
int DividerOf(const SideBySideComposer& composer, const std::vector<Frame>& frames, double seconds) {
  const cv::Mat luma = composer.Combine(frames, {}, seconds).Luma();
  int x = 0;
  while (x < luma.cols && luma.at<uchar>(0, x) == 16) ++x;
  return x;
}

TEST(SideBySideWipe, MovesToAndFroOnceInSixSecondsWithoutAJump) {
  const FrameFormat format = Format(640, 36, 8, 1, 1);
  Frame bright = Frame::Black(format, 0, 0);
  bright.Plane(0).setTo(100);
  const std::vector<Frame> frames{Frame::Black(format, 0, 0), bright};
  const SideBySideComposer composer(format, SideBySideLayout::kWipe, kNoCaptions);
  const int start = DividerOf(composer, frames, 0), turn = DividerOf(composer, frames, 3);
  EXPECT_LT(start, 64) << "the result is seen first";
  EXPECT_GT(turn, 576);
  EXPECT_EQ(DividerOf(composer, frames, 6), start);
  EXPECT_EQ(DividerOf(composer, frames, 60000), start);
  int last = start;
  for (double seconds = 0.04; seconds < 3; seconds += 0.04) {
    const int now = DividerOf(composer, frames, seconds);
    EXPECT_GE(now, last);
    EXPECT_LE(now - last, 12) << "px a frame of 25 a second";
    last = now;
  }
  EXPECT_EQ(DividerOf(composer, frames, std::nan("")), start);
}

TEST(SideBySideWipe, NeverCoversTheLabelOfTheResult) {
  for (const FrameFormat& format : {Format(320, 180, 8, 1, 1), Format(321, 181, 10, 1, 1), Format(321, 181, 8, 0, 0)}) {
    Frame result = RandomFrame(format, 2);
    for (const Corner corner : {Corner::kTopLeft, Corner::kTopRight, Corner::kBottomLeft, Corner::kBottomRight}) {
      const TextPatch label = RenderLabel("AI-generated face swap", format.PlaneSize(0), corner, 0.75f);
      Frame labelled = result.Clone();
      DrawLabel(labelled, label);
      const std::vector<Frame> frames{RandomFrame(format, 1), labelled};
      // Captions in the label's own corner: they must give way.
      const SideBySideComposer composer(format, SideBySideLayout::kWipe, {"original: ava", "swapped: ben"}, corner,
                                        label.roi);
      for (double seconds = 0; seconds < 6; seconds += 0.37) {
        const Frame wiped = composer.Combine(frames, {}, seconds);
        EXPECT_TRUE(Equal(wiped.Luma()(label.roi), labelled.Luma()(label.roi))) << seconds;
        const cv::Rect chroma(label.roi.x >> format.chroma_shift_x, label.roi.y >> format.chroma_shift_y,
                              label.roi.width >> format.chroma_shift_x, label.roi.height >> format.chroma_shift_y);
        EXPECT_TRUE(Equal(wiped.Plane(1)(chroma), labelled.Plane(1)(chroma))) << seconds;
      }
    }
  }
}

TEST(SideBySideWipe, ShowsEachCaptionOnItsOwnSideOnly) {
  const FrameFormat format = Format(640, 360, 8, 1, 1);
  const std::vector<Frame> dark{Frame::Black(format, 0, 0), Frame::Black(format, 0, 0)};
  const auto changed = [&](const std::vector<std::string>& captions, double seconds) {
    const Frame with = SideBySideComposer(format, SideBySideLayout::kWipe, captions).Combine(dark, {}, seconds);
    const Frame bare = SideBySideComposer(format, SideBySideLayout::kWipe, kNoCaptions).Combine(dark, {}, seconds);
    return cv::Mat(with.Luma() != bare.Luma());
  };
  const cv::Mat middle = changed({"original", "swapped"}, 1.5);
  EXPECT_GT(cv::countNonZero(middle.colRange(0, 320)), 100);
  EXPECT_GT(cv::countNonZero(middle.colRange(322, 640)), 100);
  const cv::Mat start = changed({"original", ""}, 0);  // the divider at 8 %
  EXPECT_EQ(cv::countNonZero(start.colRange(54, 640)), 0);
  EXPECT_EQ(cv::countNonZero(changed({"", "swapped"}, 0).colRange(0, 50)), 0);
}

TEST(SideBySideMask, ShowsOriginalResultAndTheGrayOriginalUntouchedOutsideTheMask) {
  for (const cv::Size size : {cv::Size(96, 64), cv::Size(95, 63)}) {
    for (const FrameFormat& format : ManyFormats(size.width, size.height)) {
      const std::vector<Frame> frames{RandomFrame(format, 1), RandomFrame(format, 2)};
      const SideBySideComposer composer(format, SideBySideLayout::kMask, {"", "", ""});
      cv::Mat mask(size, CV_8UC1, cv::Scalar(0));
      mask(cv::Rect(20, 10, 31, 21)).setTo(255);
      const Frame combined = composer.Combine(frames, mask);
      const int step = combined.width() / 3;
      EXPECT_EQ(step, size.width + (format.gray || format.chroma_shift_x == 0 ? 0 : size.width % 2));
      for (int p = 0; p < format.PlaneCount(); ++p) {
        const cv::Mat plane = combined.Plane(p);
        const cv::Rect cell(cv::Point(), format.PlaneSize(p));
        const int at = plane.cols / 3;
        EXPECT_TRUE(Equal(plane(cell), frames[0].Plane(p)));
        EXPECT_TRUE(Equal(plane(cell + cv::Point(at, 0)), frames[1].Plane(p)));
        const cv::Mat third = plane(cell + cv::Point(2 * at, 0));
        const int sx = p > 0 ? format.chroma_shift_x : 0, sy = p > 0 ? format.chroma_shift_y : 0;
        cv::Mat expected = p == 0 ? frames[0].Luma().clone()
                                  : cv::Mat(cell.size(), third.type(), cv::Scalar(1 << (format.bit_depth - 1)));
        cv::Mat differs = third != expected;
        EXPECT_GT(cv::countNonZero(differs), 0) << "heat in plane " << p;
        differs(cv::Rect(20 >> sx, 10 >> sy, (31 >> sx) + 1, (21 >> sy) + 1)).setTo(0);
        EXPECT_EQ(cv::countNonZero(differs), 0) << "plane " << p;
      }
    }
  }
}

TEST(SideBySideMask, IsHotterWhereTheMaskIsFuller) {
  FrameFormat format = Format(64, 64, 8, 0, 0);
  const std::vector<Frame> frames(2, Frame::FromBgr(cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(90)), format, 0, 0));
  cv::Mat mask(64, 64, CV_8UC1, cv::Scalar(0));
  mask(cv::Rect(0, 0, 20, 64)).setTo(60);
  mask(cv::Rect(40, 0, 20, 64)).setTo(255);
  const Frame combined = SideBySideComposer(format, SideBySideLayout::kMask, {"", "", ""}).Combine(frames, mask);
  const cv::Mat third = combined.Bgr(cv::Rect(128, 0, 64, 64));
  const cv::Vec3b cold = third.at<cv::Vec3b>(32, 10), none = third.at<cv::Vec3b>(32, 30), hot = third.at<cv::Vec3b>(32, 50);
  EXPECT_GT(cold[0], cold[2]) << "blue";
  EXPECT_GT(hot[2], hot[0] + 50) << "red";
  EXPECT_NEAR(none[0], none[2], 2) << "gray, to the rounding of the colour conversion";
}

TEST(SideBySideMask, TakesNoMaskAsNothingReplacedAndRefusesOneThatDoesNotFit) {
  const FrameFormat format = Format(64, 48, 8, 1, 1);
  const std::vector<Frame> frames{RandomFrame(format, 1), RandomFrame(format, 2)};
  const SideBySideComposer composer(format, SideBySideLayout::kMask, {"", "", ""});
  EXPECT_EQ(composer.frames(), 2u);
  const Frame none = composer.Combine(frames);
  EXPECT_TRUE(Equal(none.Luma()(cv::Rect(128, 0, 64, 48)), frames[0].Luma()));
  const Frame empty = composer.Combine(frames, cv::Mat(48, 64, CV_8UC1, cv::Scalar(0)));
  EXPECT_TRUE(Equal(none.Luma(), empty.Luma()));
  EXPECT_THROW(composer.Combine(frames, cv::Mat(48, 60, CV_8UC1)), std::invalid_argument);
  EXPECT_THROW(composer.Combine(frames, cv::Mat(48, 64, CV_8UC3)), std::invalid_argument);
}

TEST(SideBySideCheckpoints, LiesInARowUpToThreeAndInAGridBeyond) {
  for (const cv::Size size : {cv::Size(64, 48), cv::Size(63, 47)}) {
    for (const FrameFormat& format : ManyFormats(size.width, size.height)) {
      for (const size_t count : {2u, 3u, 4u, 5u, 9u}) {
        std::vector<Frame> frames;
        for (size_t i = 0; i < count; ++i) frames.push_back(RandomFrame(format, i + 1));
        const SideBySideComposer composer(format, SideBySideLayout::kCheckpoints,
                                          std::vector<std::string>(count));
        const Frame combined = composer.Combine(frames);
        const int columns = count <= 3 ? static_cast<int>(count) : count == 9 ? 3 : count == 5 ? 3 : 2;
        const int rows = static_cast<int>(count + columns - 1) / columns;
        for (int p = 0; p < format.PlaneCount(); ++p) {
          const cv::Mat plane = combined.Plane(p);
          for (size_t i = 0; i < static_cast<size_t>(rows * columns); ++i) {
            const cv::Point at(static_cast<int>(i) % columns * (plane.cols / columns),
                               static_cast<int>(i) / columns * (plane.rows / rows));
            const cv::Mat cell = plane(cv::Rect(at, format.PlaneSize(p)));
            if (i < count) {
              EXPECT_TRUE(Equal(cell, frames[i].Plane(p))) << i << " of " << count;
            } else {
              const Frame black = Frame::Black(format, 0, 0);
              EXPECT_TRUE(Equal(cell, black.Plane(p))) << "an empty place is black";
            }
          }
        }
      }
    }
  }
}

TEST(SideBySideComposer, KeepsEveryCaptionInItsPictureAndOffTheLabel) {
  const FrameFormat format = Format(200, 112, 8, 1, 1);
  const Frame dark = Frame::Black(format, 0, 0);
  const std::vector<Frame> frames(4, dark);
  const TextPatch label = RenderLabel("AI-generated face swap", {200, 112}, Corner::kTopLeft, 0.75f);
  const std::vector<std::string> captions{std::string(200, 'W'), "@500 <b>", "\n\t\x01\xff", std::string(90, 'x')};
  const SideBySideComposer composer(format, SideBySideLayout::kCheckpoints, captions, Corner::kTopLeft, label.roi);
  const Frame bare =
      SideBySideComposer(format, SideBySideLayout::kCheckpoints, std::vector<std::string>(4)).Combine(frames);
  const cv::Mat changed = composer.Combine(frames).Luma() != bare.Luma();
  EXPECT_GT(cv::countNonZero(changed(cv::Rect(0, 0, 200, 30))), 100) << "the original has no label to avoid";
  for (int i = 1; i < 4; ++i) {
    const cv::Point at(i % 2 * 200, i / 2 * 112);
    EXPECT_EQ(cv::countNonZero(changed(label.roi + at)), 0) << i;
    if (i == 2) continue;
    EXPECT_GT(cv::countNonZero(changed(cv::Rect(at.x, at.y + 80, 200, 32))), 100) << i;
  }
}

TEST(SideBySideComposer, WorksOnFramesTooSmallForAnyCaption) {
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(2, 2), cv::Size(3, 17), cv::Size(17, 3)}) {
    for (const FrameFormat& format : ManyFormats(size.width, size.height)) {
      const std::vector<Frame> frames{RandomFrame(format, 1), RandomFrame(format, 2)};
      for (const double seconds : {0.0, 1.5, 3.0}) {
        const SideBySideComposer wipe(format, SideBySideLayout::kWipe, {"original", "swapped"});
        EXPECT_EQ(wipe.Combine(frames, {}, seconds).size(), size);
      }
      const SideBySideComposer mask(format, SideBySideLayout::kMask, {"a", "b", "c"});
      EXPECT_FALSE(mask.Combine(frames, cv::Mat(size, CV_8UC1, cv::Scalar(200))).empty());
    }
  }
}

TEST(SideBySideComposer, RefusesCaptionsAndFramesThatDoNotFitTheLayout) {
  const FrameFormat format = Format(64, 48, 8, 1, 1);
  const Frame one = Frame::Black(format, 0, 0);
  using Layout = SideBySideLayout;
  EXPECT_THROW(SideBySideComposer(format, Layout::kWipe, std::vector<std::string>(3)), std::invalid_argument);
  EXPECT_THROW(SideBySideComposer(format, Layout::kMask, std::vector<std::string>(2)), std::invalid_argument);
  EXPECT_THROW(SideBySideComposer(format, Layout::kCheckpoints, std::vector<std::string>(1)), std::invalid_argument);
  EXPECT_THROW(SideBySideComposer(FrameFormat{}, Layout::kWipe, kNoCaptions), std::invalid_argument);
  const SideBySideComposer three(format, Layout::kCheckpoints, std::vector<std::string>(3));
  EXPECT_EQ(three.frames(), 3u);
  EXPECT_THROW(three.Combine(one, one), std::invalid_argument);
  EXPECT_THROW(three.Combine(std::vector<Frame>{one, one, Frame()}), std::invalid_argument);
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
  EXPECT_THROW(SideBySidePhotos(a, a, SideBySideLayout::kWipe, "", ""), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
