#include "model/training_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

const cv::Scalar kPaper(252, 252, 252), kInk(60, 60, 60), kGridLine(225, 225, 225);
constexpr int kTile = 128;     // px
constexpr int kCaption = 150;  // px
constexpr int kTitle = 30;     // px

/// OpenCV's fonts know ASCII only.
std::string Ascii(const std::string& text, size_t longest) {
  std::string plain;
  for (const unsigned char c : text) {
    if ((c & 0xc0) != 0x80) plain += c < 128 && c >= 32 ? static_cast<char>(c) : '?';
  }
  return plain.size() > longest ? plain.substr(0, longest - 2) + ".." : plain;
}

void Text(cv::Mat& picture, const std::string& text, cv::Point at, double scale = 0.45,
          const cv::Scalar& color = kInk) {
  cv::putText(picture, text, at, cv::FONT_HERSHEY_SIMPLEX, scale, color, 1, cv::LINE_AA);
}

void PutTiles(cv::Mat& sheet, const std::vector<cv::Mat>& tiles, int y) {
  for (size_t i = 0; i < tiles.size(); ++i) {
    cv::Mat tile;
    cv::resize(tiles[i], tile, {kTile, kTile}, 0, 0,
               tiles[i].cols < kTile ? cv::INTER_CUBIC : cv::INTER_AREA);
    tile.copyTo(sheet(cv::Rect(kCaption + static_cast<int>(i) * kTile, y, kTile, kTile)));
  }
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

/// Plot area and its scales.
struct Axes {
  cv::Rect area;
  double last_iteration = 1, low = 0.01, high = 1;
  cv::Point2d At(double iteration, double loss) const {
    const double fx = iteration / last_iteration;
    const double fy =
        (std::log(std::clamp(loss, low, high)) - std::log(low)) / (std::log(high) - std::log(low));
    return {area.x + fx * area.width, area.y + (1 - fy) * area.height};
  }
};

Axes FitAxes(const std::vector<HistoryPoint>& history, const cv::Rect& area) {
  Axes axes;
  axes.area = area;
  double low = 1e9, high = 0;
  for (const HistoryPoint& point : history) {
    axes.last_iteration = std::max(axes.last_iteration, static_cast<double>(point.iteration));
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

void DrawGrid(cv::Mat& chart, const Axes& axes) {
  const double step = RoundStep(axes.last_iteration, 8);
  for (double x = 0; x <= axes.last_iteration * 1.0001; x += step) {
    const cv::Point2d p = axes.At(x, axes.low);
    cv::line(chart, {int(p.x), axes.area.y}, {int(p.x), axes.area.br().y}, kGridLine, 1);
    Text(chart, ShortCount(x), {int(p.x) - 12, axes.area.br().y + 18}, 0.4);
  }
  int last_y = 1 << 20;  // labels do not overlap
  for (double power = std::pow(10.0, std::floor(std::log10(axes.low))); power <= axes.high; power *= 10) {
    for (const double m : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0}) {
      if (m * power < axes.low || m * power > axes.high) continue;
      const int y = static_cast<int>(axes.At(0, m * power).y);
      if (last_y - y < 16) continue;
      last_y = y;
      cv::line(chart, {axes.area.x, y}, {axes.area.br().x, y}, kGridLine, 1);
      Text(chart, fmt::format("{:g}", m * power), {8, y + 4}, 0.4);
    }
  }
  cv::rectangle(chart, axes.area, kInk, 1);
}

}  // namespace

cv::Mat DrawPreview(const std::vector<PreviewBlock>& blocks, const std::string& title) {
  size_t columns = 1;
  for (const PreviewBlock& block : blocks) columns = std::max(columns, block.originals.size());
  const int height = kTitle + static_cast<int>(blocks.size()) * (3 * kTile + 8);
  cv::Mat sheet(height, kCaption + static_cast<int>(columns) * kTile, CV_8UC3, kPaper);
  Text(sheet, Ascii(title, 90), {10, 20});
  int y = kTitle;
  for (const PreviewBlock& block : blocks) {
    PutTiles(sheet, block.originals, y);
    PutTiles(sheet, block.reconstructed, y + kTile);
    PutTiles(sheet, block.swapped, y + 2 * kTile);
    Text(sheet, Ascii(block.person, 17), {10, y + kTile / 2 - 8});
    Text(sheet, "original", {10, y + kTile / 2 + 12}, 0.4);
    Text(sheet, Ascii(block.person, 17), {10, y + 3 * kTile / 2 - 8});
    Text(sheet, "self", {10, y + 3 * kTile / 2 + 12}, 0.4);
    Text(sheet, "swapped to", {10, y + 5 * kTile / 2 - 8}, 0.4);
    Text(sheet, Ascii(block.swapped_to, 17), {10, y + 5 * kTile / 2 + 12});
    y += 3 * kTile + 8;
  }
  return sheet;
}

cv::Mat DrawLossChart(const std::vector<HistoryPoint>& history, const std::vector<std::string>& people,
                      const std::string& title) {
  cv::Mat chart(540, 960, CV_8UC3, kPaper);
  const Axes axes = FitAxes(history, cv::Rect(64, 40, 872, 446));
  Text(chart, Ascii(title, 100), {64, 24}, 0.5);
  DrawGrid(chart, axes);
  Text(chart, "iterations", {axes.area.br().x - 70, axes.area.br().y + 38}, 0.4);
  for (size_t p = 0; p < people.size(); ++p) {
    std::vector<cv::Point> line;
    double last = 0;
    for (const HistoryPoint& point : history) {
      const auto found = point.loss.find(people[p]);
      if (found == point.loss.end() || !(found->second > 0)) continue;
      const cv::Point2d at = axes.At(static_cast<double>(point.iteration), found->second);
      line.emplace_back(cvRound(at.x), cvRound(at.y));
      last = found->second;
    }
    if (line.size() == 1) cv::circle(chart, line[0], 3, ColorOf(p), -1, cv::LINE_AA);
    cv::polylines(chart, line, false, ColorOf(p), 1, cv::LINE_AA);
    const int y = axes.area.y + 20 + 18 * static_cast<int>(p);
    if (y < axes.area.br().y - 8) {
      cv::line(chart, {axes.area.br().x - 220, y - 4}, {axes.area.br().x - 196, y - 4}, ColorOf(p), 2,
               cv::LINE_AA);
      Text(chart, fmt::format("{}  {:.4f}", Ascii(people[p], 16), last), {axes.area.br().x - 188, y}, 0.42);
    }
  }
  return chart;
}

}  // namespace reelswap
