#include "model/training_pictures.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

const cv::Scalar kPaper(252, 252, 252), kInk(60, 60, 60);
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

}  // namespace reelswap
