#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/face_set.h"

namespace reelswap {

/// What SplitHeldOut follows.
struct HeldOutRules {
  std::set<std::string> marked;  ///< source ids that the project holds out by name
  /// Source id -> the clip it is a range of; an id that is not in it is a clip of its own. A clip is never divided
  /// by its ranges, which may overlap.
  std::map<std::string, std::string> clip_of;
  bool automatic = true;         ///< without marked ones some faces are chosen
  int64_t fewest_training = 1;   ///< faces that must be left to train on; a batch's worth at least
};

/// Which of a person's faces train and which judge. Indices into the records, ascending.
struct HeldOutSplit {
  std::vector<size_t> training;
  std::vector<size_t> held_out;  ///< empty: nothing could be spared
  bool same_clip = false;        ///< they are part of a clip of which another part trains: scores read higher
};

/// Splits one person's usable faces (ordered by source and time) by clip, never by frame.
///
/// Marked sources are held out and nothing else. Otherwise whole clips are: in the order of their ids (they
/// are hashes: a fair draw that does not change when clips are added) as long as about a tenth is not
/// exceeded, or where that misses a tenth by far the set of clips nearest to it; never more than a quarter,
/// and at least 300 faces (or half of them, where there are fewer) are left. Where no clip can be spared, or those
/// that can hold less than half of the tenth, the last tenth of the longest one's time is held out, and up to 2 s
/// before it are used for nothing, so that no neighbouring frames lie on both sides; for that a person needs 200
/// faces. Deterministic.
HeldOutSplit SplitHeldOut(const std::vector<FaceRecord>& records, const HeldOutRules& rules);

/// s before a held-out stretch and behind it that are used for nothing: expression and light have changed by then.
inline constexpr double kHeldOutGapSeconds = 2;

}  // namespace reelswap
