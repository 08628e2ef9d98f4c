#pragma once

#include "core/faces.h"
#include "model/torch/device.h"

namespace reelswap {

struct SideLoss {
  at::Tensor loss;                 ///< what is minimised
  at::Tensor mean_absolute_error;  ///< what is reported, in [0,1]
};

/// What a loss looks at beside the pictures.
struct LossTerms {
  double dssim_weight = 0;
  at::Tensor weights;        ///< 1 x 1 x S x S, mean 1 (see FaceWeights), or undefined: all pixels alike
  at::Tensor mask;           ///< N x 1 x S x S, fp32 in [0,1]: the faces' own masks, or undefined
  bool masked_loss = false;  ///< pixels outside the mask do not count
};

/// logits: N x 3 (4 with a mask of the network's own) x S x S, any float type, before the sigmoid. target:
/// N x 3 x S x S, fp32 in [0,1]. loss = mean absolute error + dssim_weight x (1 - SSIM) / 2, both weighted per
/// pixel, + kMaskShare x the mean squared error of the network's mask. The reported error is never weighted, but counts
/// the mask's inside only where masked_loss is on.
SideLoss MeasureSide(const at::Tensor& logits, const at::Tensor& target, const LossTerms& terms);

/// How far apart the people's codes lie, by their means over a batch: squared distance from the mean of all, in units
/// of the codes' variance. Where it is small, a decoder meets another person's codes where it knows its own. codes:
/// by person, N x ... of one shape, any float type. Scale-free; differentiable.
at::Tensor CodeDistance(const std::vector<at::Tensor>& codes);

/// MeasureSide on the CPU with the pictures as bytes, in one pass forth that leaves the gradient ready (loss_kernel.h).
/// logits: N x C x S x S, channels-last, fp32 or bf16; targets: N x S x S x 3 and masks (or undefined): N x S x S, bytes.
/// weights: 1 x 1 x S x S or undefined. Only for sides that FusedLossFits.
SideLoss MeasureSideFused(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& masks,
                          const LossTerms& terms);

/// Mean structural similarity (Wang 2004) over the windows of loss_kernel.h, constants for [0,1]; a
/// window counts as much as the pixels of `weights` (1 or N x 1 x S x S) in it, or all alike where it is undefined.
at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b, const at::Tensor& weights = {});

/// FaceWeightMap on the device: 1 x 1 x S x S, fp32, mean 1.
at::Tensor FaceWeights(const CropGeometry& crop, const at::Device& device);

}  // namespace reelswap
