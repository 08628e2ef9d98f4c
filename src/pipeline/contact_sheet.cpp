#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/log.h"
#include "core/photo.h"
#include "pipeline/report.h"

namespace reelswap {
namespace {

constexpr size_t kMostTiles = 60;
constexpr int kColumns = 10;
constexpr int kTileSize = 128;      // px; ten of them fit a laptop's screen
constexpr int kCaptionHeight = 20;  // px
const cv::Scalar kDark(32, 30, 28);

using Rows = std::vector<FaceRecord>;

// `count` of the rows at even distances, so a long video shows from beginning to end.
Rows Spread(const Rows& rows, size_t count) {
  if (rows.size() <= count) return rows;
  Rows chosen;
  for (size_t i = 0; i < count; ++i) chosen.push_back(rows[i * rows.size() / count]);
  return chosen;
}

// Every reason gets an equal share of the tiles; what a rare one leaves goes to the others.
Rows SpreadOverReasons(const std::map<std::string, Rows>& by_reason) {
  std::vector<const Rows*> groups;
  for (const auto& [reason, rows] : by_reason) groups.push_back(&rows);
  std::stable_sort(groups.begin(), groups.end(), [](auto* a, auto* b) { return a->size() < b->size(); });
  std::map<const Rows*, size_t> quota;
  size_t left = kMostTiles;
  for (size_t i = 0; i < groups.size(); ++i) {
    quota[groups[i]] = std::min(groups[i]->size(), left / (groups.size() - i));
    left -= quota[groups[i]];
  }
  Rows chosen;
  for (const auto& [reason, rows] : by_reason) {
    const Rows some = Spread(rows, quota[&rows]);
    chosen.insert(chosen.end(), some.begin(), some.end());
  }
  return chosen;
}

// Hershey fonts have ASCII only.
std::string CaptionText(std::string reason) {
  for (char& c : reason) c = c == '_' ? ' ' : (c < 0x20 || c > 0x7e ? '?' : c);
  return reason;
}

void DrawCaption(cv::Mat& tile, const std::string& text) {
  constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
  double scale = 0.42;
  int baseline = 0;
  const int width = cv::getTextSize(text, kFont, scale, 1, &baseline).width;
  if (width > kTileSize - 6) scale *= static_cast<double>(kTileSize - 6) / width;
  const cv::Size size = cv::getTextSize(text, kFont, scale, 1, &baseline);
  cv::putText(tile, text, {(kTileSize - size.width) / 2, kTileSize - 6}, kFont, scale,
              cv::Scalar(225, 225, 225), 1, cv::LINE_AA);
}

// A square tile; with a caption the picture shrinks to leave the strip below it free.
cv::Mat MakeTile(const cv::Mat& face, const std::string& caption) {
  const int side = caption.empty() ? kTileSize : kTileSize - kCaptionHeight;
  cv::Mat tile(kTileSize, kTileSize, CV_8UC3, kDark);
  if (!face.empty()) {
    cv::Mat small;
    cv::resize(face, small, {side, side}, 0, 0, cv::INTER_AREA);
    small.copyTo(tile(cv::Rect((kTileSize - side) / 2, 0, side, side)));
  }
  if (!caption.empty()) DrawCaption(tile, caption);
  return tile;
}

// One damaged picture must not cost the sheet: it shows as a dark tile that says so.
cv::Mat TileOf(const FaceSet& faces, const FaceRecord& row) {
  try {
    return MakeTile(ReadPhoto(faces.ImagePath(row)), CaptionText(row.rejected));
  } catch (const Error& error) {
    LogWarning(fmt::format("contact sheet: {}", error.what()));
    return MakeTile({}, "unreadable");
  }
}

std::string FileStem(const std::string& person) {
  std::string stem = person.empty() ? "faces" : person;
  for (char& c : stem) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return stem;
}

}  // namespace

std::vector<std::filesystem::path> WriteContactSheets(const FaceSet& faces,
                                                      const std::filesystem::path& folder,
                                                      const std::string& person) {
  Rows kept;
  std::map<std::string, Rows> rejected;
  for (auto& row : faces.Records()) {
    if (row.image.empty()) continue;
    (row.kept() ? kept : rejected[row.rejected]).push_back(std::move(row));
  }
  std::vector<std::filesystem::path> written;
  const auto write = [&](const Rows& rows, const std::string& kind) {
    if (rows.empty()) return;
    std::vector<cv::Mat> tiles;
    for (const auto& row : rows) tiles.push_back(TileOf(faces, row));
    const int columns = std::min(kColumns, static_cast<int>(tiles.size()));
    written.push_back(folder / fmt::format("{}_{}.jpg", FileStem(person), kind));
    WritePhoto(written.back(), ContactSheet(tiles, columns, kTileSize));
  };
  write(Spread(kept, kMostTiles), "kept");
  write(SpreadOverReasons(rejected), "rejected");
  return written;
}

}  // namespace reelswap
