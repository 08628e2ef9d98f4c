#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "config/project.h"
#include "core/face_set.h"
#include "core/faces.h"

namespace reelswap {

/// Why one face of a picture is not used for training, or empty:
///   "several_faces"   more than one face in view and nothing that tells them apart
///   "too_small"       longest side of the box below faces.min_size
///   "outside_picture" more than a quarter of the box reaches over the border
///   "turned_away"     |yaw| above faces.max_yaw
///   "blurred"         sharpness below faces.min_sharpness
std::string RejectionOf(const FaceRecord& face, size_t faces_in_picture, const FaceSettings& settings);

/// Decides all faces of one source anew: RejectionOf for each, then "over_limit" for those beyond
/// settings.max_per_source that differ least. records: every row of the source, in any order.
void FilterSource(std::vector<FaceRecord>& records, const FaceSettings& settings);

/// Adds kept and rejected faces of a source's rows to the tally (its own counts of them are replaced).
void CountFaces(const std::vector<FaceRecord>& records, SourceTally& tally);

/// Of more than `most` kept faces, the ones to leave out so that the rest differ most (greedy farthest-
/// point sampling over pose, mouth and eye opening). Deterministic: (frame index, face number) pairs.
std::vector<std::pair<int64_t, int>> LeastDifferentFaces(const std::vector<FaceRecord>& faces, int64_t most);

}  // namespace reelswap
