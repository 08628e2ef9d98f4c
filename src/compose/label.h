#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "core/frame.h"

namespace reelswap {

enum class Corner { kTopLeft, kTopRight, kBottomLeft, kBottomRight };

/// A piece of text as a picture: white letters on a dim plate.
struct TextPatch {
  cv::Rect roi;  ///< frame px, inside the frame, even-aligned
  cv::Mat bgr;   ///< roi's size, CV_8UC3
  cv::Mat mask;  ///< roi's size, CV_8UC1: how much of the picture below is replaced
};

/// Renders text for a frame of this size; its height is about 1/28 of the frame's shorter side, at
/// least 10 px; shrunk when it would not fit the width. opacity in (0, 1]. Non-ASCII becomes '?'.
/// The height is that of a line of text; the plate is a little higher. Below 8 px text is cut and
/// ends in "..." instead of shrinking further. Empty (roi too) for empty text and for frames too
/// small to hold a single letter. Throws std::invalid_argument on an opacity outside (0, 1].
/// Takes about a millisecond: render once per video. Thread-safe.
TextPatch RenderLabel(const std::string& text, cv::Size frame_size, Corner corner, float opacity);

/// Draws a rendered label. The frame must own its planes.
void DrawLabel(Frame& frame, const TextPatch& label);
/// bgr: CV_8UC3 of the size that the label was rendered for (std::invalid_argument when it does not fit in).
void DrawLabel(cv::Mat& bgr, const TextPatch& label);

}  // namespace reelswap
