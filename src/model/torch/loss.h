#pragma once

#include "model/torch/device.h"

namespace reelswap {

struct SideLoss {
  at::Tensor loss;                 ///< what is minimised
  at::Tensor mean_absolute_error;  ///< what is reported, in [0,1]
};

/// logits: N x 3 x S x S, any float type, before the sigmoid. target: same shape, fp32 in [0,1].
/// loss = mean absolute error + dssim_weight x (1 - SSIM) / 2.
SideLoss MeasureSide(const at::Tensor& logits, const at::Tensor& target, double dssim_weight);

/// Mean structural similarity (Wang 2004) over 8 x 8 windows at every fourth pixel, constants for [0,1].
at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b);

}  // namespace reelswap
