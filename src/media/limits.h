#pragma once

#include <cstdint>

namespace reelswap {

/// Largest picture read or written: twice 8K a side. A header that claims more is damaged or
/// hostile, and the memory of one such frame would already be gigabytes.
inline constexpr int kMaxSide = 16384;
inline constexpr int64_t kMaxPixels = int64_t{kMaxSide} * kMaxSide;

}  // namespace reelswap
