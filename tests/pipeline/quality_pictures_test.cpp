#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "pipeline/quality_chart.h"
#include "pipeline/quality_sheet.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kEvil = "<script>alert('x')</script>\n\x1b[2J\xff \xF0\x9F\x98\x80 " + std::string(400, 'W');

TEST(WrapText, BreaksAtWordsAndEndsInDotsWhatDoesNotFit) {
  EXPECT_THAT(WrapText("", 0.45, 200, 3), IsEmpty());
  EXPECT_THAT(WrapText("one", 0.45, 200, 3), ElementsAre("one"));
  EXPECT_THAT(WrapText("one two", 0.45, 45, 3), ElementsAre("one", "two"));
  const auto lines = WrapText("found only between its neighbours; visible edge (9.2 levels) and more and more", 0.45, 150, 3);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_TRUE(lines[2].ends_with("..."));
  for (const auto& line : WrapText(kEvil, 0.45, 150, 3)) {
    EXPECT_LE(cv::getTextSize(line, cv::FONT_HERSHEY_SIMPLEX, 0.45, 1, nullptr).width, 150) << line;
    for (const char c : line) EXPECT_TRUE(c >= 32 && c < 127);
  }
}

TEST(DrawWorstSheet, HasATilePerFrameWithItsTextBelow) {
  EXPECT_TRUE(DrawWorstSheet({}).empty());
  std::vector<WorstFrame> worst(20);
  for (size_t i = 0; i < worst.size(); ++i) {
    worst[i].frame = static_cast<int64_t>(i) * 1000;
    worst[i].seconds = static_cast<double>(i) * 33.37;
    worst[i].reason = i % 2 == 0 ? "visible edge (9.2 levels)" : kEvil;
    worst[i].picture = cv::Mat(kThumbnail, CV_8UC3, cv::Scalar(200, 100, 50));
  }
  worst[5].picture = cv::Mat(10, 10, CV_8UC3);  // not a thumbnail: its place stays dark
  const cv::Mat sheet = DrawWorstSheet(worst);
  EXPECT_GT(sheet.cols, 5 * kThumbnail.width);
  EXPECT_GT(sheet.rows, 4 * kThumbnail.height);
  const int step_x = (sheet.cols - 8) / 5, step_y = (sheet.rows - 8) / 4;
  for (int i = 0; i < 20; ++i) {
    const cv::Point at(8 + i % 5 * step_x, 8 + i / 5 * step_y);
    const cv::Vec3b pixel = sheet.at<cv::Vec3b>(at.y + 20, at.x + 20);
    EXPECT_EQ(pixel == cv::Vec3b(200, 100, 50), i != 5) << i;
    cv::Mat text;
    cv::inRange(sheet(cv::Rect(at.x, at.y + kThumbnail.height, kThumbnail.width, step_y - kThumbnail.height - 8)),
                cv::Scalar::all(100), cv::Scalar::all(255), text);
    EXPECT_GT(cv::countNonZero(text), 200) << "letters below tile " << i;
  }
  EXPECT_EQ(DrawWorstSheet({worst[0]}).cols, kThumbnail.width + 16);
}

TEST(Thumbnail, ShowsTheWholeFrameWhereTheFaceIsNowhere) {
  FrameFormat format;
  format.width = 321;
  format.height = 181;
  const Frame frame = Frame::FromBgr(cv::Mat(181, 321, CV_8UC3, cv::Scalar(0, 200, 0)), format, 0, 0);
  const float nan = std::nanf("");
  for (const cv::Rect2f& face : {cv::Rect2f(100, 50, 60, 60), cv::Rect2f(-500, -500, 40, 40), cv::Rect2f(nan, 0, 5, 5),
                                 cv::Rect2f(0, 0, 0, 0), cv::Rect2f(0, 0, 1e9f, 1e9f), cv::Rect2f(310, 170, 90, 90)}) {
    const cv::Mat tile = Thumbnail(frame, face);
    EXPECT_EQ(tile.size(), kThumbnail);
    EXPECT_GT(tile.at<cv::Vec3b>(kThumbnail.height / 2, kThumbnail.width / 2)[1], 150) << face;
  }
  EXPECT_EQ(Thumbnail(Frame(), {0, 0, 10, 10}).size(), kThumbnail);
  FrameFormat tiny;
  tiny.width = tiny.height = 1;
  EXPECT_EQ(Thumbnail(Frame::Black(tiny, 0, 0), {0, 0, 1, 1}).size(), kThumbnail);
}

TEST(TimeSeries, KeepsMeanAndWorstInBoundedSteps) {
  TimeSeries high, low(true);
  for (int n = 0; n < 216000; ++n) {  // two hours
    const double value = n == 100000 ? 50 : n == 150000 ? -50 : 1;
    high.Add(n / 30.0, value);
    low.Add(n / 30.0, value);
  }
  EXPECT_LE(high.steps().size(), 1024u);
  EXPECT_GE(high.step_seconds() * static_cast<double>(high.steps().size()), 7200);
  double most = 0, least = 0;
  int64_t count = 0;
  for (size_t i = 0; i < high.steps().size(); ++i) {
    count += high.steps()[i].count;
    most = std::max(most, high.steps()[i].worst);
    least = std::min(least, low.steps()[i].worst);
  }
  EXPECT_EQ(count, 216000);
  EXPECT_EQ(most, 50);
  EXPECT_EQ(least, -50);
  const size_t at = static_cast<size_t>(100000 / 30.0 / high.step_seconds());
  EXPECT_EQ(high.steps()[at].worst, 50);
}

TEST(TimeSeries, LeavesOutWhatIsNoNumber) {
  TimeSeries series;
  series.Add(0, std::nan(""));
  series.Add(std::nan(""), 1);
  series.Add(std::numeric_limits<double>::infinity(), 1);
  EXPECT_TRUE(series.empty());
  series.Add(-5, 2);
  EXPECT_EQ(series.steps()[0].count, 1);
}

TEST(DrawQualityChart, DrawsEveryPanelWithItsCurveAndSaysWhatIsNotMeasured) {
  TimeSeries values, none;
  for (int n = 0; n < 500; ++n) values.Add(n / 25.0, 2 + std::sin(n / 20.0));
  const cv::Scalar red(0, 0, 255);
  const cv::Mat chart = DrawQualityChart(kEvil, 20, {{"a " + kEvil, 0, 0, {{"curve " + kEvil, &values, red, true}}},
                                                     {"nothing", 0, 1, {{"none", &none, red, false}}}});
  EXPECT_EQ(chart.cols, 1100);
  cv::Mat drawn;
  cv::inRange(chart, cv::Scalar(0, 0, 200), cv::Scalar(90, 90, 255), drawn);
  EXPECT_GT(cv::countNonZero(drawn(cv::Rect(0, 0, 1100, 230))), 900) << "a curve over the whole width";
  EXPECT_EQ(cv::countNonZero(drawn(cv::Rect(0, 250, 1100, chart.rows - 250))), 0);
  cv::Mat dark;
  cv::inRange(chart(cv::Rect(0, 66, 60, 150)), cv::Scalar::all(0), cv::Scalar::all(120), dark);
  EXPECT_GT(cv::countNonZero(dark), 40) << "numbers at the axis";
  EXPECT_FALSE(DrawQualityChart("", 0, {}).empty());
  EXPECT_FALSE(DrawQualityChart("", std::nan(""), {{"x", 0, 0, {{"y", &values, red, false}}}}).empty());
}

}  // namespace
}  // namespace reelswap
