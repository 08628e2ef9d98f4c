#include "core/photo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>

#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace fs = std::filesystem;

cv::Mat ReadPhoto(const fs::path& path) {
  std::error_code ec;
  if (!fs::is_regular_file(path, ec)) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot open the picture {}: no such file", path.string()));
  }
  cv::Mat bgr;
  try {
    bgr = cv::imread(path.string(), cv::IMREAD_COLOR);
  } catch (const cv::Exception& e) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot read the picture {}: {}", path.string(), e.err));
  }
  if (bgr.empty()) {
    throw Error(ErrorKind::kMedia,
                fmt::format("cannot read the picture {}: damaged, or not a picture (save it again as JPEG or PNG)",
                            path.string()));
  }
  if (bgr.total() > 400'000'000) {
    throw Error(ErrorKind::kMedia, fmt::format("the picture {} has {} x {} px, too large: scale it down",
                                               path.string(), bgr.cols, bgr.rows));
  }
  return bgr;
}

void WritePhoto(const fs::path& path, const cv::Mat& bgr) {
  std::vector<uchar> bytes;
  const std::vector<int> parameters = {cv::IMWRITE_JPEG_QUALITY, 95, cv::IMWRITE_PNG_COMPRESSION, 3};
  bool ok = false;
  try {
    ok = cv::imencode(path.extension().string(), bgr, bytes, parameters);
  } catch (const cv::Exception& e) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot encode the picture {}: {}", path.string(), e.err));
  }
  if (!ok) throw Error(ErrorKind::kDisk, fmt::format("cannot encode the picture {}", path.string()));
  WriteFileAtomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool IsPhotoPath(const fs::path& path) {
  static const std::set<std::string> known = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return known.contains(extension);
}

std::vector<fs::path> ListPhotos(const fs::path& folder) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    throw Error(ErrorKind::kMedia, fmt::format("{} is not a folder of pictures", folder.string()));
  }
  std::vector<fs::path> photos;
  fs::directory_iterator entries(folder, ec);
  if (ec) throw Error(ErrorKind::kMedia, fmt::format("cannot read the folder {}: {}", folder.string(), ec.message()));
  for (const auto& entry : entries) {
    if (entry.is_regular_file(ec) && IsPhotoPath(entry.path())) photos.push_back(entry.path());
  }
  std::sort(photos.begin(), photos.end());
  return photos;
}

cv::Mat ContactSheet(const std::vector<cv::Mat>& tiles, int columns, int tile_size_px) {
  if (tiles.empty()) return {};
  columns = std::min<int>(columns, static_cast<int>(tiles.size()));
  const int rows = (static_cast<int>(tiles.size()) + columns - 1) / columns;
  constexpr int kGap = 4;
  cv::Mat sheet(rows * (tile_size_px + kGap) + kGap, columns * (tile_size_px + kGap) + kGap, CV_8UC3,
                cv::Scalar(32, 30, 28));
  for (size_t i = 0; i < tiles.size(); ++i) {
    const int x = kGap + static_cast<int>(i % columns) * (tile_size_px + kGap);
    const int y = kGap + static_cast<int>(i / columns) * (tile_size_px + kGap);
    cv::Mat tile;
    cv::resize(tiles[i], tile, {tile_size_px, tile_size_px}, 0, 0,
               tiles[i].cols > tile_size_px ? cv::INTER_AREA : cv::INTER_CUBIC);
    tile.copyTo(sheet(cv::Rect(x, y, tile_size_px, tile_size_px)));
  }
  return sheet;
}

}  // namespace reelswap
