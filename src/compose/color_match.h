#pragma once

#include <opencv2/core.hpp>

namespace reelswap {

/// How one picture's colours become another's: c' = gain * c + offset for luma Y (BT.601 weights,
/// 0..255) and the colour differences B - Y and R - Y, in that order. Affine, so matches of
/// neighbouring frames may be averaged element by element to keep a face from flickering.
struct ColorMatch {
  cv::Vec3f gain{1, 1, 1};
  cv::Vec3f offset{0, 0, 0};  ///< 8-bit levels
  bool operator==(const ColorMatch&) const = default;
};

/// The match that gives `swapped` the mean of `original` where `weight` says so, with all contrasts scaled by
/// the ratio of the mean lumas (within [0.5, 2]), as another light or skin tone would; the luma's contrast may be
/// corrected by a tenth towards the original's spread. All of equal size; pictures CV_8UC3 BGR, weight
/// CV_8UC1 (0 = ignore). With little weight (under 60 full samples) the match fades to
/// none, so a face that leaves the picture does not take on the colour of its last pixels.
/// Throws std::invalid_argument on sizes or types that do not fit. Thread-safe.
ColorMatch MeasureColorMatch(const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight);

/// A new picture (CV_8UC3 BGR) with the match applied; clipped to 0..255. Thread-safe.
cv::Mat ApplyColorMatch(const cv::Mat& bgr, const ColorMatch& match);

}  // namespace reelswap
