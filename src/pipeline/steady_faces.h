#pragma once

#include <deque>
#include <memory>

#include "pipeline/convert_graph.h"

namespace reelswap {

/// Frames on either side that a face is brought into line with: a quarter of a second at 25 frames/s.
inline constexpr int kSteadyNeighbours = 6;

/// Shrinks a swapped crop for comparing it with its neighbours'. Thread-safe.
cv::Mat ShrunkCrop(const cv::Mat& crop);

/// Sets steady_color of the middle's faces to the mean over their track's neighbours (Gaussian, sigma 3 frames), and
/// steady_unoccluded to that of the frame before, itself (twice) and the frame behind, so that an edge does not flicker. Where
/// the swapped crop differs from both neighbours' by more than twice what they differ from each other, and by more than
/// `kFlashLevels` - while the network's input does not - it flashed: `repaired` becomes the mean of the two.
/// Depends on kSteadyNeighbours frames either side only. See ConvertStages::steady for the thread rule.
void SteadyFaces(const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle);

/// Mean difference of 8-bit levels over the shrunk crop from which on a jump is seen.
inline constexpr double kFlashLevels = 6;

}  // namespace reelswap
