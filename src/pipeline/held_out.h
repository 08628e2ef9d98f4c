#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/face_set.h"

namespace reelswap {

/// What SplitHeldOut follows.
struct HeldOutRules {
  std::set<std::string> marked;  ///< source ids that the project holds out by name
  bool automatic = true;         ///< without marked ones some faces are chosen
  int64_t fewest_training = 1;   ///< faces that must be left to train on; a batch's worth at least
};

/// Which of a person's faces train and which judge. Indices into the records, ascending.
struct HeldOutSplit {
  std::vector<size_t> training;
  std::vector<size_t> held_out;  ///< empty: nothing could be spared
  bool same_clip = false;        ///< they are the end of a clip that is trained on: scores read higher
};

/// Splits one person's usable faces (ordered by source and time) by clip, never by frame.
///
/// Marked sources are held out and nothing else. Otherwise whole sources are: in the order of their ids (they
/// are hashes: a fair draw that does not change when sources are added) as long as about a tenth is not
/// exceeded, or where that misses a tenth by far the set of sources nearest to it; never more than a quarter,
/// and at least 300 faces (or half of them, where there are fewer) are left. Where no source can be spared,
/// the last tenth of the longest one's time is held out, and up to 2 s before it are used for nothing, so that no
/// neighbouring frames lie on both sides; for that a person needs 200 faces. Deterministic.
HeldOutSplit SplitHeldOut(const std::vector<FaceRecord>& records, const HeldOutRules& rules);

}  // namespace reelswap
