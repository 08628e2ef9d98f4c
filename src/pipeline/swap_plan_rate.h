#pragma once

#include <cstdint>

#include "media/video_reader.h"

namespace reelswap {

/// Frames a second of `frames` consecutive frames by their own times (first_pts, last_pts: of the first and the last, in
/// the video's time base); where these say nothing, what the video declares; where that is absurd, 25. Above 0, under 1000.
double FramesPerSecond(int64_t frames, int64_t first_pts, int64_t last_pts, const VideoInfo& info);

}  // namespace reelswap
