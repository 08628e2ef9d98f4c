#include "model/adam_kernel.h"

#include <bit>
#include <cmath>

// The stock optimiser makes about ten passes over every array; this one is bound by memory, once. The
// compiler emits it for several instruction sets and the program picks at start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_VECTORISED                                           \
  __attribute__((optimize("O3", "no-math-errno", "no-trapping-math"), \
                 target_clones("avx512f", "avx2", "default")))
#else
#define REELSWAP_VECTORISED
#endif

namespace reelswap {
namespace {

inline float FromBf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

/// Round to nearest even. NaN survives as NaN unless its payload overflows, which Adam's own never does.
inline uint16_t ToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float Updated(float w, float& m, float& v, float g, const AdamStep& s) {
  m = s.beta1 * m + (1.0f - s.beta1) * g;
  v = s.beta2 * v + (1.0f - s.beta2) * g * g;
  return w - s.rate * m / (std::sqrt(v) * s.v_scale + s.epsilon);
}

REELSWAP_VECTORISED
void UpdateFloat(float* __restrict w, float* __restrict m, float* __restrict v, const float* __restrict g,
                 int64_t n, const AdamStep s) {
  for (int64_t i = 0; i < n; ++i) w[i] = Updated(w[i], m[i], v[i], g[i], s);
}

REELSWAP_VECTORISED
void UpdateBf16(float* __restrict w, float* __restrict m, float* __restrict v, const uint16_t* __restrict g,
                uint16_t* __restrict rounded, int64_t n, const AdamStep s) {
  for (int64_t i = 0; i < n; ++i) {
    w[i] = Updated(w[i], m[i], v[i], FromBf16(g[i]), s);
    rounded[i] = ToBf16(w[i]);
  }
}

}  // namespace

void UpdateAdam(float* weights, float* m, float* v, const float* gradient, const uint16_t* bf16_gradient,
                uint16_t* bf16_weights, int64_t n, const AdamStep& step) {
  if (bf16_gradient != nullptr) {
    UpdateBf16(weights, m, v, bf16_gradient, bf16_weights, n, step);
  } else {
    UpdateFloat(weights, m, v, gradient, n, step);
  }
}

}  // namespace reelswap
