#pragma once

#include <bit>
#include <cstdint>

// The compiler emits such a function for several instruction sets and the program picks at start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_VECTORISED                                           \
  __attribute__((optimize("O3", "no-math-errno", "no-trapping-math"), \
                 target_clones("avx512f", "avx2", "default")))
#define REELSWAP_INLINE [[gnu::always_inline]] inline  // the attributes above would keep it from being inlined
#else
#define REELSWAP_VECTORISED
#define REELSWAP_INLINE inline
#endif

namespace reelswap {

REELSWAP_INLINE float FromBf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

/// Round to nearest even. NaN survives as NaN unless its payload overflows, which no arithmetic makes.
REELSWAP_INLINE uint16_t ToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace reelswap
