#include "pipeline/quality_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "pipeline/report_text.h"

namespace reelswap {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kTextScale = 0.45;
constexpr int kLine = 19;    // px
constexpr int kMargin = 8;   // px
constexpr int kColumns = 5;
constexpr size_t kReasonLines = 3;
constexpr float kSurroundings = 2;  // side of the picture in faces
const cv::Scalar kGround(30, 30, 30), kPale(225, 225, 225), kBright(120, 205, 255);

std::string Ascii(const std::string& text) {
  std::string plain;
  for (const unsigned char c : text) {
    if ((c & 0xc0) != 0x80) plain += c < 127 && c >= 32 ? static_cast<char>(c) : '?';
  }
  return plain;
}

int WidthOf(const std::string& text, double scale) {
  int baseline = 0;
  return cv::getTextSize(text, kFont, scale, 1, &baseline).width;
}

std::string CutToWidth(std::string text, double scale, int width, const std::string& end) {
  while (!text.empty() && WidthOf(text + end, scale) > width) text.pop_back();
  return text + end;
}

/// Even corners: chroma is subsampled.
cv::Rect AreaAround(const cv::Rect2f& face, cv::Size frame) {
  const cv::Rect whole(cv::Point(), frame);
  const float width = kSurroundings * std::max(face.width, face.height * kThumbnail.width / kThumbnail.height);
  const float x = face.x + face.width / 2 - width / 2;
  const float height = width * kThumbnail.height / kThumbnail.width, y = face.y + face.height / 2 - height / 2;
  constexpr float kFar = 1e6f;  // px; beyond it a rounding to int would not be safe
  if (!(width >= 2 && width < kFar && std::abs(x) < kFar && std::abs(y) < kFar)) return whole;
  const cv::Point from(static_cast<int>(x) & ~1, static_cast<int>(y) & ~1);
  const cv::Rect area = cv::Rect(from, cv::Size(static_cast<int>(width) & ~1, static_cast<int>(height) & ~1)) & whole;
  return area.width < 8 || area.height < 8 ? whole : area;
}

/// Plane by plane, so that only the small picture has to become BGR.
cv::Mat Resized(const Frame& frame, const cv::Rect& area, cv::Size size) {
  FrameFormat format = frame.format();
  format.width = size.width;
  format.height = size.height;
  const Frame small = Frame::Black(format, 0, 0);
  for (int p = 0; p < format.PlaneCount(); ++p) {
    const int sx = p > 0 ? format.chroma_shift_x : 0, sy = p > 0 ? format.chroma_shift_y : 0;
    const cv::Mat from = frame.Plane(p);
    const cv::Rect part = cv::Rect(area.x >> sx, area.y >> sy, std::max(1, area.width >> sx), std::max(1, area.height >> sy)) &
                          cv::Rect(0, 0, from.cols, from.rows);
    cv::Mat to = small.Plane(p);
    cv::resize(from(part), to, to.size(), 0, 0, part.width > to.cols ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
  return small.Bgr();
}

cv::Mat TileOf(const WorstFrame& worst, size_t number) {
  const int height = kThumbnail.height + kLine * static_cast<int>(1 + kReasonLines) + kMargin;
  cv::Mat tile(height, kThumbnail.width, CV_8UC3, kGround);
  if (worst.picture.size() == kThumbnail && worst.picture.type() == CV_8UC3) {
    worst.picture.copyTo(tile(cv::Rect({0, 0}, kThumbnail)));
  }
  const auto clock = static_cast<int64_t>(std::floor(std::max(0.0, worst.seconds) * 10));
  const std::string time = fmt::format("{}.{}", FormatClock(static_cast<double>(clock / 10)), clock % 10);
  int y = kThumbnail.height + kLine - 3;
  cv::putText(tile, fmt::format("{}   frame {}   {}", number, worst.frame, Ascii(time)), {4, y}, kFont, kTextScale,
              kBright, 1, cv::LINE_AA);
  for (const std::string& line : WrapText(worst.reason, kTextScale, kThumbnail.width - 8, kReasonLines)) {
    y += kLine;
    cv::putText(tile, line, {4, y}, kFont, kTextScale, kPale, 1, cv::LINE_AA);
  }
  return tile;
}

}  // namespace

cv::Mat Thumbnail(const Frame& frame, const cv::Rect2f& face) {
  cv::Mat tile(kThumbnail, CV_8UC3, kGround);
  if (frame.empty()) return tile;
  const cv::Rect area = AreaAround(face, frame.size());
  const double scale = std::min(static_cast<double>(kThumbnail.width) / area.width,
                                static_cast<double>(kThumbnail.height) / area.height);
  const cv::Size size(std::clamp(static_cast<int>(std::lround(area.width * scale)), 1, kThumbnail.width),
                      std::clamp(static_cast<int>(std::lround(area.height * scale)), 1, kThumbnail.height));
  Resized(frame, area, size).copyTo(
      tile(cv::Rect({(kThumbnail.width - size.width) / 2, (kThumbnail.height - size.height) / 2}, size)));
  return tile;
}

std::vector<std::string> WrapText(const std::string& text, double scale, int width, size_t lines) {
  const std::string plain = Ascii(text);
  std::vector<std::string> wrapped;
  std::string line;
  size_t at = 0;
  while (at < plain.size()) {
    const size_t end = std::min(plain.find(' ', at), plain.size());
    const std::string word = plain.substr(at, end - at);
    const std::string longer = line.empty() ? word : line + " " + word;
    if (!line.empty() && WidthOf(longer, scale) > width) {
      if (wrapped.size() + 1 == lines) {
        wrapped.push_back(CutToWidth(line, scale, width, "..."));
        return wrapped;
      }
      wrapped.push_back(line);
      line = word;
    } else {
      line = longer;
    }
    if (WidthOf(line, scale) > width) line = CutToWidth(line, scale, width, "...");
    at = end + 1;
  }
  if (!line.empty() && wrapped.size() < lines) wrapped.push_back(line);
  return wrapped;
}

cv::Mat DrawWorstSheet(const std::vector<WorstFrame>& worst) {
  if (worst.empty()) return {};
  const int count = static_cast<int>(worst.size()), columns = std::min(kColumns, count);
  const cv::Size tile = TileOf(worst[0], 1).size();
  const cv::Size step(tile.width + kMargin, tile.height + kMargin);
  const int rows = (count + columns - 1) / columns;
  cv::Mat sheet(rows * step.height + kMargin, columns * step.width + kMargin, CV_8UC3, kGround);
  for (int i = 0; i < count; ++i) {
    const cv::Point at(kMargin + i % columns * step.width, kMargin + i / columns * step.height);
    TileOf(worst[static_cast<size_t>(i)], static_cast<size_t>(i) + 1).copyTo(sheet(cv::Rect(at, tile)));
  }
  return sheet;
}

}  // namespace reelswap
