#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <opencv2/imgproc.hpp>

#include "model/stop_rules.h"
#include "model/training_pictures.h"

namespace reelswap {
namespace {

const cv::Scalar kPaper(252, 252, 252), kInk(60, 60, 60), kGridLine(228, 228, 228), kScoreColor(40, 40, 40);
const cv::Rect kArea(64, 40, 832, 446);  // px of the chart's 960 x 540; room for an axis at both sides
constexpr int kLegendRow = 18;           // px

void Text(cv::Mat& picture, const std::string& text, cv::Point at, double scale = 0.4,
          const cv::Scalar& color = kInk) {
  cv::putText(picture, text, at, cv::FONT_HERSHEY_SIMPLEX, scale, color, 1, cv::LINE_AA);
}

/// OpenCV's fonts know ASCII only.
std::string Ascii(const std::string& text, size_t longest) {
  std::string plain;
  for (const unsigned char c : text) {
    if ((c & 0xc0) != 0x80) plain += c < 128 && c >= 32 ? static_cast<char>(c) : '?';
  }
  return plain.size() > longest ? plain.substr(0, longest - 2) + ".." : plain;
}

/// Colours far apart in hue for any number of people.
cv::Scalar ColorOf(size_t person) {
  const cv::Mat hsv(1, 1, CV_8UC3, cv::Scalar(static_cast<double>((105 + person * 67) % 180), 210, 190));
  cv::Mat bgr;
  cv::cvtColor(hsv, bgr, cv::COLOR_HSV2BGR);
  const auto c = bgr.at<cv::Vec3b>(0, 0);
  return {double(c[0]), double(c[1]), double(c[2])};
}

/// 1, 2 or 5 times a power of ten, so that about `steps` of them fill `range`.
double RoundStep(double range, int steps) {
  const double raw = std::max(range / steps, 1e-12);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0}) {
    if (raw <= m * power) return m * power;
  }
  return 10 * power;
}

std::string ShortCount(double n) {
  if (n >= 1e6) return fmt::format("{:g}M", n / 1e6);
  if (n >= 1e4) return fmt::format("{:g}k", n / 1e3);
  return fmt::format("{:g}", n);
}

/// One vertical axis over the iterations.
struct Axes {
  double last_iteration = 1, low = 0.01, high = 1;
  bool logarithmic = true;
  cv::Point2d At(double iteration, double value) const {
    const double v = std::clamp(value, low, high);
    const double fy = logarithmic ? (std::log(v) - std::log(low)) / (std::log(high) - std::log(low))
                                  : (v - low) / (high - low);
    return {kArea.x + iteration / last_iteration * kArea.width, kArea.y + (1 - fy) * kArea.height};
  }
};

double LastIteration(const std::vector<HistoryPoint>& history, const std::vector<ScorePoint>& scores) {
  double last = 1;
  for (const HistoryPoint& point : history) last = std::max(last, static_cast<double>(point.iteration));
  for (const ScorePoint& point : scores) last = std::max(last, static_cast<double>(point.iteration));
  return last;
}

Axes LossAxes(const std::vector<HistoryPoint>& history) {
  Axes axes;
  double low = 1e9, high = 0;
  for (const HistoryPoint& point : history) {
    for (const auto& [person, loss] : point.loss) {
      if (loss > 0) low = std::min(low, loss);
      high = std::max(high, loss);
    }
  }
  if (low < high) {
    axes.low = low * 0.9;
    axes.high = high * 1.1;
  } else if (high > 0) {
    axes.low = high * 0.5;
    axes.high = high * 2;
  }
  return axes;
}

Axes ScoreAxes(const std::vector<ScorePoint>& scores) {
  Axes axes;
  axes.logarithmic = false;
  axes.low = 1e9;
  axes.high = -1e9;
  for (const ScorePoint& point : scores) {
    axes.low = std::min(axes.low, point.result.score);
    axes.high = std::max(axes.high, point.result.score);
  }
  const double room = std::max(0.01, 0.1 * (axes.high - axes.low));
  axes.low -= room;
  axes.high += room;
  return axes;
}

void DrawIterations(cv::Mat& chart, const Axes& axes) {
  const double step = RoundStep(axes.last_iteration, 8);
  for (double x = 0; x <= axes.last_iteration * 1.0001; x += step) {
    const int at = static_cast<int>(axes.At(x, axes.low).x);
    cv::line(chart, {at, kArea.y}, {at, kArea.br().y}, kGridLine, 1);
    Text(chart, ShortCount(x), {at - 4 * static_cast<int>(ShortCount(x).size()), kArea.br().y + 18});
  }
  Text(chart, "iterations", {kArea.br().x - 66, kArea.br().y + 38});
}

void DrawLossAxis(cv::Mat& chart, const Axes& axes) {
  int last_y = 1 << 20;  // labels do not overlap
  for (double power = std::pow(10.0, std::floor(std::log10(axes.low))); power <= axes.high; power *= 10) {
    for (const double m : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0}) {
      if (m * power < axes.low || m * power > axes.high) continue;
      const int y = static_cast<int>(axes.At(0, m * power).y);
      if (last_y - y < 16) continue;
      last_y = y;
      cv::line(chart, {kArea.x, y}, {kArea.br().x, y}, kGridLine, 1);
      Text(chart, fmt::format("{:g}", m * power), {8, y + 4});
    }
  }
}

void DrawScoreAxis(cv::Mat& chart, const Axes& axes) {
  const double step = RoundStep(axes.high - axes.low, 8);
  for (double v = std::ceil(axes.low / step) * step; v <= axes.high; v += step) {
    const int y = static_cast<int>(axes.At(0, v).y);
    cv::line(chart, {kArea.br().x, y}, {kArea.br().x + 5, y}, kInk, 1);
    Text(chart, fmt::format("{:.3g}", std::abs(v) < step / 2 ? 0 : v), {kArea.br().x + 9, y + 4});
  }
  Text(chart, "score", {kArea.br().x + 9, kArea.y - 8});
}

/// What the legend says of a curve.
struct LegendLine {
  std::string text;
  cv::Scalar color;
  bool dots = false;
};

void DrawCurve(cv::Mat& chart, const std::vector<cv::Point>& line, const cv::Scalar& color, bool dots) {
  cv::polylines(chart, line, false, color, 1, cv::LINE_AA);
  if (!dots && line.size() != 1) return;
  for (const cv::Point& at : line) cv::circle(chart, at, 3, color, -1, cv::LINE_AA);
}

cv::Point Rounded(const cv::Point2d& at) { return {cvRound(at.x), cvRound(at.y)}; }

/// At the right edge in the middle of the area's height: losses fall to its lower corner, scores rise to its upper.
void DrawLegend(cv::Mat& chart, const std::vector<LegendLine>& lines) {
  const int width = 232, height = kLegendRow * static_cast<int>(lines.size()) + 12;
  const cv::Rect box = cv::Rect(kArea.br().x - width - 8, kArea.y + (kArea.height - height) / 2, width, height) & kArea;
  cv::Mat under = chart(box);
  cv::Mat(0.15 * under + 0.85 * cv::Mat(under.size(), under.type(), kPaper)).copyTo(under);
  int y = box.y + 18;
  for (const LegendLine& line : lines) {
    if (y > box.br().y) break;
    cv::line(chart, {box.x + 8, y - 4}, {box.x + 32, y - 4}, line.color, line.dots ? 1 : 2, cv::LINE_AA);
    if (line.dots) cv::circle(chart, {box.x + 20, y - 4}, 3, line.color, -1, cv::LINE_AA);
    Text(chart, line.text, {box.x + 40, y}, 0.42);
    y += kLegendRow;
  }
}

LegendLine DrawLoss(cv::Mat& chart, const Axes& axes, const std::vector<HistoryPoint>& history,
                    const std::string& person, const cv::Scalar& color) {
  std::vector<cv::Point> line;
  double last = 0;
  for (const HistoryPoint& point : history) {
    const auto found = point.loss.find(person);
    if (found == point.loss.end() || !(found->second > 0)) continue;
    line.push_back(Rounded(axes.At(static_cast<double>(point.iteration), found->second)));
    last = found->second;
  }
  DrawCurve(chart, line, color, false);
  return {fmt::format("{}  {:.4f}", Ascii(person, 16), last), color, false};
}

LegendLine DrawScores(cv::Mat& chart, const Axes& axes, const std::vector<ScorePoint>& scores) {
  std::vector<cv::Point> line;
  for (const ScorePoint& point : scores) {
    line.push_back(Rounded(axes.At(static_cast<double>(point.iteration), point.result.score)));
  }
  DrawCurve(chart, line, kScoreColor, line.size() <= 60);
  const ScorePoint best = *BestOf(scores);
  cv::circle(chart, Rounded(axes.At(static_cast<double>(best.iteration), best.result.score)), 7, kScoreColor, 1,
             cv::LINE_AA);
  return {fmt::format("score  {:.3f}, best {:.3f}", scores.back().result.score, best.result.score), kScoreColor, true};
}

}  // namespace

cv::Mat DrawTrainingChart(const std::vector<HistoryPoint>& history, const std::vector<ScorePoint>& scores,
                          const std::vector<std::string>& people, const std::string& title) {
  cv::Mat chart(540, 960, CV_8UC3, kPaper);
  std::vector<ScorePoint> finite;
  for (const ScorePoint& point : scores) {
    if (std::isfinite(point.result.score)) finite.push_back(point);
  }
  Axes losses = LossAxes(history);
  losses.last_iteration = LastIteration(history, finite);
  Text(chart, Ascii(title, 92), {kArea.x, 24}, 0.5);
  DrawIterations(chart, losses);
  DrawLossAxis(chart, losses);
  cv::rectangle(chart, kArea, kInk, 1);
  std::vector<LegendLine> legend;
  for (size_t p = 0; p < people.size(); ++p) {
    legend.push_back(DrawLoss(chart, losses, history, people[p], ColorOf(p)));
  }
  if (!finite.empty()) {
    Axes axes = ScoreAxes(finite);
    axes.last_iteration = losses.last_iteration;
    DrawScoreAxis(chart, axes);
    legend.push_back(DrawScores(chart, axes, finite));
  }
  DrawLegend(chart, legend);
  return chart;
}

}  // namespace reelswap
