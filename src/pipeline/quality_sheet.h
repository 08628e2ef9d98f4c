#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "core/frame.h"
#include "pipeline/quality_rows.h"

namespace reelswap {

/// The face with as much again around it, at most kThumbnail, on a dark ground of that size. CV_8UC3.
/// face: its box, px of the frame; where it is not finite or lies outside, the whole frame is shown.
cv::Mat Thumbnail(const Frame& frame, const cv::Rect2f& face);

/// A sheet of the worst frames: picture, number, frame, time and reason each, five in a row. CV_8UC3; empty for none.
cv::Mat DrawWorstSheet(const std::vector<WorstFrame>& worst);

/// Words of a text in lines of at most this many pixels (a longer word is cut), at most `lines` of them; what does not
/// fit ends in "...". Only ASCII is drawn: everything else becomes '?'.
std::vector<std::string> WrapText(const std::string& text, double scale, int width, size_t lines);

}  // namespace reelswap
