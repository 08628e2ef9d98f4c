#pragma once

#include <string>

#include "core/frame.h"

namespace reelswap {

enum class SideBySideLayout { kHorizontal, kVertical };

/// Format of the combined frame (two equal frames; chroma alignment kept for odd sizes).
FrameFormat SideBySideFormat(const FrameFormat& one, SideBySideLayout layout);

/// Puts two frames of equal format next to (or above) each other plane by plane, without any colour
/// conversion, each with its caption. Carries first's index and pts. Thread-safe.
Frame SideBySide(const Frame& first, const Frame& second, SideBySideLayout layout,
                 const std::string& first_caption, const std::string& second_caption);

/// The same for photos (CV_8UC3, equal sizes).
cv::Mat SideBySidePhotos(const cv::Mat& first, const cv::Mat& second, SideBySideLayout layout,
                         const std::string& first_caption, const std::string& second_caption);

}  // namespace reelswap
