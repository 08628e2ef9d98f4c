#pragma once

#include <vector>

#include "core/faces.h"

namespace reelswap {

struct SmoothingOptions {
  int reach = 8;  ///< frames that a result may depend on to either side by the filter itself; under 2: nothing is smoothed
};

/// Frames to either side beyond which nothing changes a result: reach, the stretch over which noise is measured and the
/// one over which windows are evened out.
int SmoothingRadius(const SmoothingOptions& options);

/// Takes the jitter from a face's landmarks without making it late (zero phase) or its fast moves small. faces: of
/// consecutive frames, one face, no cut. Place, size, tilt and the parts of the face (jaw, brows, nose, each eye, mouth)
/// are filtered on their own, by local quadratic regression with tricube weights. Each window is as wide as what it would
/// average is no more than noise: intersecting confidence intervals over growing windows (Goldenshluger and Nemirovski
/// 1997), the noise measured by third differences around the frame; so a blink gets a window of its own length. Boxes
/// follow their landmarks. Deterministic, thread-safe.
std::vector<DetectedFace> SmoothFaces(const std::vector<DetectedFace>& faces, const SmoothingOptions& options);

}  // namespace reelswap
