#pragma once

// Private to src/face.

#include <opencv2/core.hpp>
#include <vector>

#include "face/luma_grid.h"

namespace reelswap {

/// Tells cuts from flashes, changes of light and fast movement by looking at the frames on both sides.
class ShotChange {
 public:
  enum class Kind {
    kNone,
    kJump,   ///< much is new at once, but the room is the same: a cut only if no face goes on either
    kCut,    ///< the first frame of a new shot
    kFlash,  ///< one or two frames unlike those on both sides, which are alike
  };

  /// grids[at] is the frame in question, before it up to two frames of the same shot, after it up to two that
  /// follow. The first frame of all is a cut to nobody: kNone.
  static Kind Of(const std::vector<const LumaGrid*>& grids, size_t at);
};

}  // namespace reelswap
