#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/frame.h"

namespace reelswap {

/// Memory for planes that is used again: a fresh 1080p frame costs more in page faults than in copying. A buffer comes
/// back when the last Frame that shares it is gone, from whichever thread, also after the pool itself. The pool never
/// waits: where no idle buffer fits it takes new memory, so whoever bounds the frames in flight bounds it.
/// Thread-safe.
class FramePool {
 public:
  /// idle_bytes: most that is kept for reuse; what comes back beyond is freed.
  explicit FramePool(int64_t idle_bytes);

  /// A frame whose samples are whatever the memory holds. Rows begin at multiples of 64 bytes.
  Frame Uninitialised(const FrameFormat& format, int64_t index, int64_t pts);

  int64_t idle_bytes() const;  ///< kept at this moment
  int64_t taken() const;       ///< buffers taken from the system so far

 private:
  struct Store;
  std::shared_ptr<Store> store_;
};

}  // namespace reelswap
