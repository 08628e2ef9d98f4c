#pragma once

#include <vector>

#include "core/faces.h"

namespace reelswap {

/// A face of a track in one frame, or that there is none.
struct TrackPoint {
  bool present = false;
  bool filled = false;    ///< put between its neighbours, where none was found
  bool repaired = false;  ///< found, but put between its neighbours
  DetectedFace face;
};

/// Faces of consecutive frames without a cut. Puts faces into gaps of at most `most` frames that have a face on both
/// sides, between those: place, size and tilt change evenly, and so does the shape.
void FillGaps(std::vector<TrackPoint>& points, int most);

inline constexpr int kLongestJump = 3;  ///< frames
/// Finds faces that jump away and come back within 1 to 3 frames, by more than noise and motion around them explain, and
/// puts them between their neighbours. A jump is of the whole face (the median of its landmarks): a mouth that opens and
/// eyes that blink stay what they are. Depends on 12 frames to either side.
void RepairJumps(std::vector<TrackPoint>& points);

}  // namespace reelswap
