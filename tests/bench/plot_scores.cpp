// Scores of several trainings over wall time in one picture: `plot_scores OUT.png LABEL=history.csv ...`.
// Prints, for the best score of the last training named, when each of them reached it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/photo.h"

namespace {

struct Curve {
  std::string label;
  std::vector<std::pair<double, double>> points;  // minutes of training, score
};

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  return cells;
}

Curve ReadCurve(const std::string& argument) {
  const size_t equals = argument.find('=');
  Curve curve{argument.substr(0, equals), {}};
  std::ifstream in(argument.substr(equals + 1));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> names = Cells(line);
  const auto column = [&](const char* name) {
    return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  const size_t seconds = column("seconds"), score = column("score");
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = Cells(line);
    if (std::max(seconds, score) >= cells.size() || cells[score].empty()) continue;
    curve.points.emplace_back(std::stod(cells[seconds]) / 60, std::stod(cells[score]));
  }
  return curve;
}

constexpr int kWidth = 1000, kHeight = 600, kLeft = 70, kRight = 30, kTop = 30, kBottom = 60;

struct Axes {
  double from, to;  // minutes, logarithmic
  double low, high;
  cv::Point At(double minutes, double score) const {
    const double x = std::log(std::max(minutes, from) / from) / std::log(to / from);
    const double y = (score - low) / (high - low);
    return {kLeft + cvRound(x * (kWidth - kLeft - kRight)), kHeight - kBottom - cvRound(y * (kHeight - kTop - kBottom))};
  }
};

void Text(cv::Mat& picture, const std::string& text, cv::Point at, const cv::Scalar& color) {
  cv::putText(picture, text, at, cv::FONT_HERSHEY_SIMPLEX, 0.5, color, 1, cv::LINE_AA);
}

cv::Mat Draw(const std::vector<Curve>& curves) {
  Axes axes{1e9, 0, 1e9, -1e9};
  for (const Curve& curve : curves) {
    for (const auto& [minutes, score] : curve.points) {
      axes.from = std::min(axes.from, std::max(0.05, minutes));
      axes.to = std::max(axes.to, minutes);
      axes.low = std::min(axes.low, score);
      axes.high = std::max(axes.high, score);
    }
  }
  axes.to = std::max(axes.to, axes.from * 2);
  axes.high += 0.05 * (axes.high - axes.low + 0.01);
  cv::Mat picture(kHeight, kWidth, CV_8UC3, cv::Scalar::all(255));
  const cv::Scalar ink = cv::Scalar::all(60), grid = cv::Scalar::all(225);
  for (const double minutes : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0}) {
    if (minutes < axes.from || minutes > axes.to) continue;
    const cv::Point at = axes.At(minutes, axes.low);
    cv::line(picture, at, {at.x, kTop}, grid);
    Text(picture, fmt::format("{:g}", minutes), {at.x - 8, kHeight - kBottom + 20}, ink);
  }
  Text(picture, "minutes of training", {kWidth / 2 - 70, kHeight - 15}, ink);
  const double step = std::pow(10, std::floor(std::log10(axes.high - axes.low))) / 2;
  for (double score = std::ceil(axes.low / step) * step; score <= axes.high; score += step) {
    const cv::Point at = axes.At(axes.from, score);
    cv::line(picture, at, {kWidth - kRight, at.y}, grid);
    Text(picture, fmt::format("{:.2f}", score), {15, at.y + 5}, ink);
  }
  Text(picture, "held-out score", {15, 20}, ink);
  const std::vector<cv::Scalar> colors = {{180, 90, 20}, {40, 40, 200}, {40, 140, 40}, {160, 40, 150}, {20, 150, 190}};
  for (size_t i = 0; i < curves.size(); ++i) {
    const cv::Scalar& color = colors[i % colors.size()];
    std::vector<cv::Point> line;
    for (const auto& [minutes, score] : curves[i].points) line.push_back(axes.At(minutes, score));
    cv::polylines(picture, line, false, color, 2, cv::LINE_AA);
    for (const cv::Point& point : line) cv::circle(picture, point, 3, color, -1, cv::LINE_AA);
    Text(picture, curves[i].label, {kLeft + 15, kTop + 20 + 22 * static_cast<int>(i)}, color);
  }
  return picture;
}

}  // namespace

int main(int count, char** values) {
  std::vector<Curve> curves;
  for (int i = 2; i < count; ++i) curves.push_back(ReadCurve(values[i]));
  const bool empty =
      std::any_of(curves.begin(), curves.end(), [](const Curve& curve) { return curve.points.empty(); });
  if (curves.empty() || empty) {
    fmt::print(stderr, "usage: plot_scores OUT.png LABEL=history.csv ... (each with at least one score)\n");
    return 2;
  }
  reelswap::WritePhoto(values[1], Draw(curves));
  const auto best = [](const Curve& curve) {
    return std::max_element(curve.points.begin(), curve.points.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
  };
  const double goal = best(curves.back())->second;
  for (const Curve& curve : curves) {
    const auto reached = std::find_if(curve.points.begin(), curve.points.end(),
                                      [&](const auto& point) { return point.second >= goal; });
    fmt::print("{:<28} best {:.3f} at {:.1f} min; {:.3f} (best of {}) {}\n", curve.label, best(curve)->second,
               best(curve)->first, goal, curves.back().label,
               reached == curve.points.end() ? "never reached" : fmt::format("after {:.1f} min", reached->first));
  }
  return 0;
}
