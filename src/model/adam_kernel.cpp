#include "model/adam_kernel.h"

#include <cmath>

#include "model/bf16.h"

// The stock optimiser makes about ten passes over every array; this one is bound by memory, once.
namespace reelswap {
namespace {

REELSWAP_INLINE float Updated(float w, float& m, float& v, float g, const AdamStep& s) {
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
