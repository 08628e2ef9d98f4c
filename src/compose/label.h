#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "core/frame.h"

namespace reelswap {

enum class Corner { kTopLeft, kTopRight, kBottomLeft, kBottomRight };

/// A piece of text as a picture: white letters on a dim plate.
struct TextPatch {
  cv::Rect roi;  ///< frame px, inside the frame, even-aligned
  cv::Mat bgr;
  cv::Mat mask;
};

/// Renders text for a frame of this size; its height is about 1/28 of the frame's shorter side, at
/// least 10 px; shrunk when it would not fit the width. opacity in (0, 1]. Non-ASCII becomes '?'.
TextPatch RenderLabel(const std::string& text, cv::Size frame_size, Corner corner, float opacity);

/// Draws a rendered label. The frame must own its planes.
void DrawLabel(Frame& frame, const TextPatch& label);
void DrawLabel(cv::Mat& bgr, const TextPatch& label);

}  // namespace reelswap
