#pragma once

// Loops over rows of samples. The compiler emits such a function twice and the program picks at start. AVX2 without
// FMA on purpose: a fused multiply-add rounds otherwise, and a frame must not depend on the machine that made it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_ROW_LOOP \
  __attribute__((optimize("O3", "no-math-errno", "no-trapping-math"), target_clones("avx2", "default")))
#define REELSWAP_ROW_INLINE [[gnu::always_inline]] inline  // the attributes above would keep it from being inlined
#else
#define REELSWAP_ROW_LOOP
#define REELSWAP_ROW_INLINE inline
#endif
