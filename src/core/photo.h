#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

namespace reelswap {

/// Reads a picture as CV_8UC3 BGR, upright (EXIF orientation applied).
/// Throws Error(kMedia) when it is missing, damaged or larger than 400 megapixels.
cv::Mat ReadPhoto(const std::filesystem::path& path);

/// Writes png or jpg (quality 95) by extension through a temporary file. Throws Error(kDisk).
void WritePhoto(const std::filesystem::path& path, const cv::Mat& bgr);

/// True for the extensions of pictures we read: jpg jpeg png webp bmp tif tiff (any case).
bool IsPhotoPath(const std::filesystem::path& path);

/// Pictures directly in `folder`, sorted by name. Throws Error(kMedia) if it is no folder.
std::vector<std::filesystem::path> ListPhotos(const std::filesystem::path& folder);

/// Lays equally sized tiles out in a grid; missing cells are dark. Tiles: CV_8UC3.
cv::Mat ContactSheet(const std::vector<cv::Mat>& tiles, int columns, int tile_size_px);

}  // namespace reelswap
