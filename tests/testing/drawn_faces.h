#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace reelswap::testing {

/// A cartoon face (oval, eyes, mouth) of `size` px, CV_8UC3: `person` decides skin and proportions,
/// `number` the expression and light.
cv::Mat DrawFace(int person, int number, int size);

/// Writes `count` drawn faces as PNG to `folder` and returns their paths.
std::vector<std::filesystem::path> WriteDrawnFaces(const std::filesystem::path& folder, int person, int count,
                                                   int size);

/// Writes a picture as it is (format by extension) and returns its path.
std::filesystem::path WritePlainPicture(const std::filesystem::path& path, const cv::Mat& bgr);

}  // namespace reelswap::testing
