#include "model/training_pictures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace reelswap {
namespace {

HistoryPoint Point(int64_t iteration, double a, double b) {
  return {iteration, 1.0, {{"anna", a}, {"bert", b}}};
}

int CountInk(const cv::Mat& picture, const cv::Rect& where) {
  int n = 0;
  for (int y = where.y; y < where.br().y; ++y) {
    for (int x = where.x; x < where.br().x; ++x) {
      const auto p = picture.at<cv::Vec3b>(y, x);
      n += std::max({p[0], p[1], p[2]}) - std::min({p[0], p[1], p[2]}) >
           60;  // coloured: neither paper, grid nor text
    }
  }
  return n;
}

TEST(TrainingChart, DrawsACurveThatFallsFromLeftToRight) {
  std::vector<HistoryPoint> history;
  for (int i = 1; i <= 40; ++i) history.push_back(Point(i * 25, 0.2 / i, 0.2 / i));
  const cv::Mat chart = DrawTrainingChart(history, {}, {"anna", "bert"}, "loss");
  ASSERT_EQ(chart.size(), cv::Size(960, 540));
  EXPECT_GT(CountInk(chart, {70, 42, 60, 200}), 20);  // starts high at the left
  EXPECT_EQ(CountInk(chart, {70, 300, 60, 180}), 0);
  EXPECT_GT(CountInk(chart, {860, 380, 70, 104}), 20);  // ends low at the right
}

TEST(TrainingChart, DrawsWithoutAnyOrOnlyOneOrEqualPoints) {
  EXPECT_EQ(DrawTrainingChart({}, {}, {"anna"}, "x").cols, 960);
  EXPECT_EQ(DrawTrainingChart({Point(25, 0.1, 0.1)}, {}, {"anna", "bert"}, "x").cols, 960);
  EXPECT_EQ(DrawTrainingChart({Point(25, 0.1, 0.1), Point(50, 0.1, 0.1)}, {}, {"anna", "bert"}, "x").cols, 960);
  EXPECT_EQ(DrawTrainingChart({Point(25, 0, 0)}, {}, {"anna", "bert"}, "x").cols, 960);
}

TEST(TrainingChart, DrawsScoresOnAnAxisOfTheirOwnAtTheRight) {
  std::vector<HistoryPoint> history;
  std::vector<ScorePoint> scores;
  for (int i = 1; i <= 40; ++i) history.push_back(Point(i * 25, 0.2 / i, 0.2 / i));
  for (int i = 1; i <= 10; ++i) scores.push_back({i * 100, 1.0, {0.5 + 0.04 * i, {}}});
  const cv::Mat without = DrawTrainingChart(history, {}, {"anna", "bert"}, "loss");
  const cv::Mat with = DrawTrainingChart(history, scores, {"anna", "bert"}, "loss");
  const auto changed = [&](const cv::Rect& where) {
    cv::Mat difference;
    cv::absdiff(with(where), without(where), difference);
    return cv::countNonZero(difference.reshape(1) > 40);
  };
  EXPECT_GT(changed({900, 40, 60, 446}), 100);  // numbers beside the right edge
  EXPECT_GT(changed({840, 60, 56, 60}), 30);    // ends high at the right
  EXPECT_GT(changed({130, 400, 60, 80}), 10);   // begins low at the left
  EXPECT_EQ(DrawTrainingChart({}, {{100, 1.0, {0.5, {}}}}, {"anna"}, "x").cols, 960);
  EXPECT_EQ(DrawTrainingChart({}, {{100, 1.0, {std::nan(""), {}}}}, {"anna"}, "x").cols, 960);
}

TEST(PreviewSheet, PutsThreeRowsAPersonAndAColumnAFace) {
  const cv::Mat red(64, 64, CV_8UC3, cv::Scalar(0, 0, 255)), green(128, 128, CV_8UC3, cv::Scalar(0, 255, 0)),
      blue(128, 128, CV_8UC3, cv::Scalar(255, 0, 0));
  const std::vector<PreviewBlock> blocks(
      2, {"Zo\xc3\xab with a very long name", "bert", {red, red}, {green, green}, {blue, blue}});
  const cv::Mat sheet = DrawPreview(blocks, "title");
  ASSERT_EQ(sheet.size(), cv::Size(150 + 2 * 128, 30 + 2 * (3 * 128 + 8)));
  EXPECT_EQ(sheet.at<cv::Vec3b>(30 + 64, 150 + 64), (cv::Vec3b{0, 0, 255}));
  EXPECT_EQ(sheet.at<cv::Vec3b>(30 + 128 + 64, 150 + 128 + 64), (cv::Vec3b{0, 255, 0}));
  EXPECT_EQ(sheet.at<cv::Vec3b>(30 + 392 + 256 + 64, 150 + 64), (cv::Vec3b{255, 0, 0}));
}

}  // namespace
}  // namespace reelswap
