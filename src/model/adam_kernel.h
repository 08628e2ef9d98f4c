#pragma once

#include <cstdint>

namespace reelswap {

/// One step's constants of Adam (Kingma, Ba 2015), bias corrections folded in.
struct AdamStep {
  float rate = 0;  ///< learning rate / (1 - beta1^t)
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float v_scale = 1;  ///< 1 / sqrt(1 - beta2^t)
  float epsilon = 1e-7f;
};

/// Updates n weights in one pass: moments, fp32 weight and (where bf16_weights is given) its rounded
/// copy that the network computes with. The gradient is fp32 or bf16, the other pointer null.
/// Arrays of different calls may be worked on in parallel.
void UpdateAdam(float* weights, float* m, float* v, const float* gradient, const uint16_t* bf16_gradient,
                uint16_t* bf16_weights, int64_t n, const AdamStep& step);

}  // namespace reelswap
