#include "compose/label.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr const char* kText = "AI-generated face swap";

double Brightest(const TextPatch& label) {
  double high = 0;
  cv::minMaxLoc(label.bgr.reshape(1), nullptr, &high);
  return high;
}

TEST(RenderLabel, IsATwentyEighthOfTheShorterSideAndInsideItsCorner) {
  for (const cv::Size frame :
       {cv::Size(640, 480), cv::Size(1920, 1080), cv::Size(1080, 1920), cv::Size(641, 359)}) {
    for (const Corner corner :
         {Corner::kTopLeft, Corner::kTopRight, Corner::kBottomLeft, Corner::kBottomRight}) {
      const cv::Rect roi = RenderLabel(kText, frame, corner, 0.8f).roi;
      const double line = std::min(frame.width, frame.height) / 28.0;
      EXPECT_EQ(roi & cv::Rect(cv::Point(), frame), roi);
      EXPECT_GE(roi.height, line);
      EXPECT_LE(roi.height, 1.5 * line + 2);  // the plate's padding and even rounding
      EXPECT_EQ(roi.x % 2 + roi.y % 2 + roi.width % 2 + roi.height % 2, 0);
      const bool right = corner == Corner::kTopRight || corner == Corner::kBottomRight;
      const bool bottom = corner == Corner::kBottomLeft || corner == Corner::kBottomRight;
      EXPECT_EQ(roi.x + roi.width / 2 > frame.width / 2, right);
      EXPECT_EQ(roi.y + roi.height / 2 > frame.height / 2, bottom);
    }
  }
}

TEST(RenderLabel, KeepsSmallFramesReadable) {
  const TextPatch label = RenderLabel("AI", {160, 120}, Corner::kBottomRight, 1);
  EXPECT_GE(label.roi.height, 10);
  EXPECT_GT(Brightest(label), 150);
}

TEST(RenderLabel, ShrinksThenCutsTextThatIsTooLong) {
  const std::string medium(70, 'w');
  const TextPatch normal = RenderLabel("w", {640, 480}, Corner::kTopLeft, 1);
  const TextPatch shrunk = RenderLabel(medium, {640, 480}, Corner::kTopLeft, 1);
  EXPECT_LT(shrunk.roi.height, normal.roi.height);
  EXPECT_LE(shrunk.roi.width, 640);
  for (const size_t length : {size_t{500}, size_t{100000}}) {
    const TextPatch cut = RenderLabel(std::string(length, 'm'), {640, 480}, Corner::kTopLeft, 1);
    EXPECT_GE(cut.roi.height, 8);
    EXPECT_LE(cut.roi.x + cut.roi.width, 640);
    EXPECT_GT(cut.roi.width, 500) << "as much of it as fits";
  }
}

TEST(RenderLabel, ScalesItsMaskWithTheOpacity) {
  const TextPatch full = RenderLabel(kText, {640, 480}, Corner::kTopLeft, 1.0f);
  const TextPatch half = RenderLabel(kText, {640, 480}, Corner::kTopLeft, 0.5f);
  double full_high = 0, half_high = 0, full_low = 0;
  cv::minMaxLoc(full.mask, &full_low, &full_high);
  cv::minMaxLoc(half.mask, nullptr, &half_high);
  EXPECT_GE(full_high, 250);
  EXPECT_NEAR(half_high, full_high / 2, 2);
  EXPECT_NEAR(full_low, 0.6 * 255, 2) << "the plate lets the picture through";
}

TEST(RenderLabel, RefusesAnOpacityOutsideItsRange) {
  for (const float opacity : {0.0f, -1.0f, 1.01f, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THROW(RenderLabel(kText, {640, 480}, Corner::kTopLeft, opacity), std::invalid_argument);
  }
}

TEST(RenderLabel, WritesAQuestionMarkForEachCharacterItCannotDraw) {
  const TextPatch label = RenderLabel("caf\xC3\xA9 \xF0\x9F\x98\x80", {640, 480}, Corner::kTopLeft, 1);
  const TextPatch plain = RenderLabel("caf? ?", {640, 480}, Corner::kTopLeft, 1);
  ASSERT_EQ(label.roi, plain.roi);
  EXPECT_EQ(cv::norm(label.bgr, plain.bgr, cv::NORM_INF), 0);
}

TEST(RenderLabel, IsEmptyForNothingToSayAndForFramesWithoutRoom) {
  EXPECT_TRUE(RenderLabel("", {640, 480}, Corner::kTopLeft, 1).roi.empty());
  EXPECT_TRUE(RenderLabel(" \n ", {640, 480}, Corner::kTopLeft, 1).roi.empty());
  EXPECT_TRUE(RenderLabel(kText, {4, 4}, Corner::kTopLeft, 1).roi.empty());
  EXPECT_TRUE(RenderLabel(kText, {640, 6}, Corner::kTopLeft, 1).roi.empty());
  EXPECT_TRUE(RenderLabel(kText, {0, 0}, Corner::kTopLeft, 1).roi.empty());
}

TEST(DrawLabel, ChangesAFrameInsideTheLabelOnly) {
  for (const int depth : {8, 10}) {
    FrameFormat format;
    format.width = 641;
    format.height = 361;
    format.bit_depth = depth;
    Frame frame = Frame::FromBgr(cv::Mat(361, 641, CV_8UC3, cv::Scalar(40, 90, 160)), format, 0, 0);
    const Frame before = frame.Clone();
    const TextPatch label = RenderLabel(kText, frame.size(), Corner::kBottomRight, 0.9f);
    DrawLabel(frame, label);
    cv::Mat changed = frame.Luma() != before.Luma();
    EXPECT_GT(cv::countNonZero(changed), label.roi.area() / 2);
    changed(label.roi).setTo(0);
    EXPECT_EQ(cv::countNonZero(changed), 0);
  }
}

TEST(DrawLabel, BlendsIntoAPhoto) {
  cv::Mat photo(480, 640, CV_8UC3, cv::Scalar::all(255));
  const TextPatch label = RenderLabel(kText, photo.size(), Corner::kTopLeft, 1);
  DrawLabel(photo, label);
  const cv::Vec3b plate = photo.at<cv::Vec3b>(label.roi.y, label.roi.x);
  EXPECT_NEAR(plate[0], 0.6 * 24 + 0.4 * 255, 2);
  EXPECT_EQ(photo.at<cv::Vec3b>(479, 639), cv::Vec3b::all(255));
}

TEST(DrawLabel, RefusesAPhotoThatIsTooSmall) {
  cv::Mat photo(48, 64, CV_8UC3);
  EXPECT_THROW(DrawLabel(photo, RenderLabel(kText, {640, 480}, Corner::kBottomRight, 1)),
               std::invalid_argument);
}

TEST(DrawLabel, DrawsNothingForAnEmptyLabel) {
  cv::Mat photo(48, 64, CV_8UC3, cv::Scalar::all(7));
  DrawLabel(photo, TextPatch{});
  EXPECT_EQ(cv::norm(photo, cv::Mat(48, 64, CV_8UC3, cv::Scalar::all(7)), cv::NORM_INF), 0);
}

}  // namespace
}  // namespace reelswap
