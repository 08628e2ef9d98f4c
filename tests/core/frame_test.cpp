#include "core/frame.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

/// A picture with a smooth colour gradient (survives chroma subsampling) of any size.
cv::Mat Gradient(int width, int height) {
  cv::Mat bgr(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      bgr.at<cv::Vec3b>(y, x) = {static_cast<uchar>(40 + 160 * x / width), static_cast<uchar>(50 + 150 * y / height),
                                 static_cast<uchar>(200 - 100 * x / width)};
    }
  }
  return bgr;
}

struct FormatCase {
  const char* name;
  FrameFormat format;
};

FrameFormat Format(int width, int height, int depth, int sx, int sy, bool full, ColorMatrix matrix) {
  FrameFormat f;
  f.width = width, f.height = height, f.bit_depth = depth, f.chroma_shift_x = sx, f.chroma_shift_y = sy;
  f.full_range = full, f.matrix = matrix;
  return f;
}

class FrameFormats : public ::testing::TestWithParam<FormatCase> {};

TEST_P(FrameFormats, BgrComesBackAsItWentIn) {
  const cv::Mat bgr = Gradient(GetParam().format.width, GetParam().format.height);
  const Frame frame = Frame::FromBgr(bgr, GetParam().format, 3, 77);
  EXPECT_EQ(frame.index(), 3);
  EXPECT_EQ(frame.pts(), 77);
  // 3 levels: two roundings at 8-bit limited range plus interpolated chroma of a slow gradient.
  EXPECT_LE(cv::norm(frame.Bgr(), bgr, cv::NORM_INF), 3.0 + (GetParam().format.width < 32 ? 6 : 0));
}

TEST_P(FrameFormats, ARegionIsTheSameAsThatPartOfTheWhole) {
  const FrameFormat& f = GetParam().format;
  const Frame frame = Frame::FromBgr(Gradient(f.width, f.height), f, 0, 0);
  const cv::Mat whole = frame.Bgr();
  for (const cv::Rect roi : {cv::Rect(3, 5, 7, 9), cv::Rect(0, 0, 1, 1), cv::Rect(f.width - 4, f.height - 3, 4, 3)}) {
    EXPECT_EQ(cv::norm(frame.Bgr(roi), whole(roi), cv::NORM_INF), 0) << roi;
  }
}

TEST_P(FrameFormats, PasteTouchesNothingWhereTheMaskIsZero) {
  const FrameFormat& f = GetParam().format;
  const Frame before = Frame::FromBgr(Gradient(f.width, f.height), f, 0, 0);
  Frame after = before.Clone();
  const cv::Rect roi(5, 3, 9, 11);
  cv::Mat mask(roi.size(), CV_8UC1, cv::Scalar(0));
  mask(cv::Rect(2, 2, 4, 4)).setTo(255);
  after.Paste(roi, cv::Mat(roi.size(), CV_8UC3, cv::Scalar(0, 0, 255)), mask);
  const cv::Rect touched(7, 5, 4, 4);
  for (int p = 0; p < f.PlaneCount(); ++p) {
    const int sx = p == 0 ? 0 : f.chroma_shift_x, sy = p == 0 ? 0 : f.chroma_shift_y;
    cv::Mat differs = before.Plane(p) != after.Plane(p);
    EXPECT_GT(cv::countNonZero(differs), 0) << "plane " << p;
    for (int y = 0; y < differs.rows; ++y) {
      for (int x = 0; x < differs.cols; ++x) {
        const cv::Rect covers(x << sx, y << sy, 1 << sx, 1 << sy);
        if ((covers & touched).empty()) {
          ASSERT_EQ(differs.at<uchar>(y, x), 0) << p << " " << x << "," << y;
        }
      }
    }
  }
  const cv::Vec3b centre = after.Bgr().at<cv::Vec3b>(7, 9);
  EXPECT_NEAR(centre[2], 255, f.gray ? 255 : 60);  // red arrives, chroma shared with neighbours allowed for
}

INSTANTIATE_TEST_SUITE_P(
    All, FrameFormats,
    ::testing::Values(FormatCase{"y420", Format(64, 48, 8, 1, 1, false, ColorMatrix::kBt601)},
                      FormatCase{"y420_709_odd", Format(65, 49, 8, 1, 1, false, ColorMatrix::kBt709)},
                      FormatCase{"y422", Format(64, 48, 8, 1, 0, false, ColorMatrix::kBt709)},
                      FormatCase{"y444_full", Format(33, 31, 8, 0, 0, true, ColorMatrix::kBt601)},
                      FormatCase{"y420_10bit_2020", Format(64, 48, 10, 1, 1, false, ColorMatrix::kBt2020)},
                      FormatCase{"y444_12bit", Format(40, 40, 12, 0, 0, false, ColorMatrix::kBt709)}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Frame, LumaOfTenBitFollowsTheTopEightBits) {
  FrameFormat f = Format(16, 16, 10, 1, 1, false, ColorMatrix::kBt709);
  Frame frame = Frame::Black(f, 0, 0);
  frame.Plane(0).setTo(cv::Scalar(400));
  EXPECT_EQ(frame.Luma8().at<uchar>(8, 8), 100);
  EXPECT_EQ(frame.Luma8(0.5).size(), cv::Size(8, 8));
}

TEST(Frame, LumaIsScaledToTheNearestSizeAndKeepsItsBrightness) {
  for (int depth : {8, 10}) {
    for (const cv::Size size : {cv::Size(192, 108), cv::Size(193, 109), cv::Size(2, 2)}) {
      Frame frame = Frame::Black(Format(size.width, size.height, depth, 1, 1, false, ColorMatrix::kBt709), 0, 0);
      frame.Plane(0).setTo(cv::Scalar(90 << (depth - 8)));
      frame.Plane(0).colRange(size.width / 2, size.width).setTo(cv::Scalar(150 << (depth - 8)));
      for (double scale : {0.2, 1.0 / 3, 0.4, 0.5, 0.8, 1.5}) {
        const cv::Mat luma = frame.Luma8(scale);
        EXPECT_EQ(luma.type(), CV_8UC1);
        EXPECT_EQ(luma.size(), cv::Size(std::max(1, cvRound(size.width * scale)), std::max(1, cvRound(size.height * scale))));
        // Levels: the border between the halves moves by up to half a pixel of the result.
        EXPECT_NEAR(cv::mean(luma)[0], cv::mean(frame.Luma8())[0], 1 + 30.0 / luma.cols) << size << " times " << scale;
      }
    }
  }
  EXPECT_THROW(Frame::Black(Format(16, 16, 8, 1, 1, false, ColorMatrix::kBt601), 0, 0).Luma8(0), std::invalid_argument);
}

TEST(Frame, KnownColoursHaveTheStandardCodes) {
  FrameFormat f = Format(2, 2, 8, 0, 0, false, ColorMatrix::kBt709);
  const Frame red = Frame::FromBgr(cv::Mat(2, 2, CV_8UC3, cv::Scalar(0, 0, 255)), f, 0, 0);
  // BT.709 limited range red is Y 63, Cb 102, Cr 240 (ITU-R BT.709-6, 8 bit).
  EXPECT_EQ(red.Plane(0).at<uchar>(0, 0), 63);
  EXPECT_EQ(red.Plane(1).at<uchar>(0, 0), 102);
  EXPECT_EQ(red.Plane(2).at<uchar>(0, 0), 240);
}

TEST(Frame, GrayFramesHaveOnePlaneAndStayGray) {
  FrameFormat f;
  f.width = 20, f.height = 10, f.gray = true, f.full_range = true;
  const Frame frame = Frame::FromBgr(cv::Mat(10, 20, CV_8UC3, cv::Scalar(90, 90, 90)), f, 0, 0);
  EXPECT_EQ(frame.Bgr().at<cv::Vec3b>(4, 4), cv::Vec3b(90, 90, 90));
  EXPECT_THROW(frame.Plane(1), std::invalid_argument);
}

TEST(Frame, RegionsOutsideAreRefused) {
  Frame frame = Frame::Black(Format(16, 16, 8, 1, 1, false, ColorMatrix::kBt601), 0, 0);
  EXPECT_THROW(frame.Bgr({10, 10, 10, 10}), std::invalid_argument);
  EXPECT_THROW(frame.Bgr({0, 0, 0, 0}), std::invalid_argument);
  EXPECT_THROW(frame.Paste({0, 0, 4, 4}, cv::Mat(3, 3, CV_8UC3), cv::Mat(4, 4, CV_8UC1)), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
