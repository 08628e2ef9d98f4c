#pragma once

#include "core/faces.h"
#include "model/torch/device.h"

namespace reelswap {

struct SideLoss {
  at::Tensor loss;                 ///< what is minimised
  at::Tensor mean_absolute_error;  ///< what is reported, in [0,1]
};

/// logits: N x 3 x S x S, any float type, before the sigmoid. target: same shape, fp32 in [0,1].
/// loss = mean absolute error + dssim_weight x (1 - SSIM) / 2, both weighted per pixel by `weights` (see
/// FaceWeights) where it is defined. The reported error is never weighted.
SideLoss MeasureSide(const at::Tensor& logits, const at::Tensor& target, double dssim_weight,
                     const at::Tensor& weights = {});

/// Mean structural similarity (Wang 2004) over 8 x 8 windows at every fourth pixel, constants for [0,1]; a
/// window counts as much as the pixels of `weights` in it, or all alike where it is undefined.
at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b, const at::Tensor& weights = {});

/// FaceWeightMap on the device: 1 x 1 x S x S, fp32, mean 1.
at::Tensor FaceWeights(const CropGeometry& crop, const at::Device& device);

}  // namespace reelswap
