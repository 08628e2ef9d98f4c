#include "model/torch/loss.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "model/face_weights.h"
#include "model/loss_kernel.h"

namespace reelswap {

at::Tensor FaceWeights(const CropGeometry& crop, const at::Device& device) {
  const cv::Mat map = FaceWeightMap(crop);
  return at::from_blob(map.data, {1, 1, crop.size, crop.size}, at::kFloat).clone().to(device);
}

namespace {

/// One window width.
at::Tensor SsimOfScale(const at::Tensor& a, const at::Tensor& b, const at::Tensor& weights, int64_t window) {
  // c2 is far above what fp32 loses in E[x^2] - E[x]^2 of values in [0,1] (about 1e-7), so that a flat
  // window gives neither NaN nor noise.
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  const auto mean = [&](const at::Tensor& x) { return at::avg_pool2d(x, {window, window}, {window / 2, window / 2}); };
  const at::Tensor ma = mean(a), mb = mean(b);
  const at::Tensor mab = ma * mb, square_sum = ma * ma + mb * mb;
  const at::Tensor covariance = mean(a * b) - mab;
  const at::Tensor variance_sum = mean(a * a + b * b) - square_sum;
  const at::Tensor ssim =
      ((2 * mab + c1) * (2 * covariance + c2)) / ((square_sum + c1) * (variance_sum + c2));
  if (!weights.defined()) return ssim.mean();
  // The windows do not cover all pixels equally often: their weights are brought to mean 1 anew.
  const at::Tensor window_weights = mean(weights);
  return (ssim * (window_weights / window_weights.mean().clamp_min(1e-6))).mean();
}

}  // namespace

at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b, const at::Tensor& weights) {
  const int scales = std::max(1, SimilarityScales(static_cast<int>(a.size(2))));
  at::Tensor sum;
  for (int i = 0; i < scales; ++i) {
    const at::Tensor one = SsimOfScale(a, b, weights, int64_t{8} << i);
    sum = i == 0 ? one : sum + one;
  }
  return sum / scales;
}

SideLoss MeasureSide(const at::Tensor& logits, const at::Tensor& target, const LossTerms& terms) {
  const bool draws_mask = logits.size(1) == 4;
  const at::Tensor all = logits.to(at::kFloat);
  const at::Tensor picture = (draws_mask ? all.narrow(1, 0, 3) : all).sigmoid();
  const at::Tensor error = (picture - target).abs();
  const bool masked = terms.masked_loss && terms.mask.defined();
  SideLoss side;
  at::Tensor weights = terms.weights;
  if (masked) {
    weights = weights.defined() ? weights * terms.mask : terms.mask;
    // Mean 1 over the batch, so that large and small faces, masked or not, share one learning rate.
    weights = weights / weights.mean().clamp_min(1e-6);
    side.mean_absolute_error =
        (error * terms.mask).mean() / terms.mask.mean().clamp_min(1e-6);
  } else {
    side.mean_absolute_error = error.mean();
  }
  side.loss = weights.defined() ? (error * weights).mean() : side.mean_absolute_error;
  if (terms.dssim_weight > 0) {
    // Outside the mask the picture is taken as right: windows reach over its border.
    const at::Tensor seen = masked ? target + terms.mask * (picture - target) : picture;
    side.loss = side.loss + terms.dssim_weight * 0.5 * (1.0 - MeanSsim(seen, target, weights));
  }
  if (draws_mask && terms.mask.defined()) {
    side.loss = side.loss + kMaskShare * (all.narrow(1, 3, 1).sigmoid() - terms.mask).square().mean();
  }
  return side;
}

namespace {

/// What FusedLoss needs beside the logits: autograd takes no undefined tensors as arguments.
struct FusedInput {
  at::Tensor targets, masks;
  const LossTerms& terms;
};

/// Computes loss and gradient together; going back only hands the gradient on.
class FusedLoss : public torch::autograd::Function<FusedLoss> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& logits,
                                                const FusedInput* input) {
    const at::Tensor in = logits.contiguous(at::MemoryFormat::ChannelsLast);
    const bool bf16 = in.scalar_type() == at::kBFloat16;
    LossSide side;
    side.faces = in.size(0);
    side.channels = static_cast<int>(in.size(1));
    side.side = static_cast<int>(in.size(2));
    side.logits32 = bf16 ? nullptr : in.data_ptr<float>();
    side.logits16 = bf16 ? static_cast<const uint16_t*>(in.data_ptr()) : nullptr;
    side.targets = input->targets.data_ptr<uint8_t>();
    side.masks = input->masks.defined() ? input->masks.data_ptr<uint8_t>() : nullptr;
    side.weights = input->terms.weights.defined() ? input->terms.weights.data_ptr<float>() : nullptr;
    side.dssim_weight = input->terms.dssim_weight;
    side.masked_loss = input->terms.masked_loss;
    const LossDivisors divisors = MeasureDivisors(side);
    at::Tensor gradient = at::empty_like(in);
    auto* gradient32 = bf16 ? nullptr : gradient.data_ptr<float>();
    auto* gradient16 = bf16 ? static_cast<uint16_t*>(gradient.data_ptr()) : nullptr;
    std::vector<FaceLoss> faces(static_cast<size_t>(side.faces));
    at::parallel_for(0, side.faces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) faces[i] = MeasureFace(side, divisors, i, gradient32, gradient16);
    });
    FaceLoss sum;  // in order: the same number whatever the threads did
    for (const FaceLoss& face : faces) {
      sum.loss += face.loss;
      sum.error += face.error;
    }
    context->saved_data["gradient"] = gradient;
    const at::Tensor loss = at::scalar_tensor(sum.loss, at::kFloat);
    const at::Tensor error = at::scalar_tensor(sum.error, at::kFloat);
    context->mark_non_differentiable({error});
    return {loss, error};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list outer) {
    at::Tensor gradient = context->saved_data["gradient"].toTensor();
    const double factor = outer[0].item<double>();
    if (factor != 1.0) gradient = gradient * factor;
    return {gradient, {}};
  }
};

}  // namespace

at::Tensor CodeDistance(const std::vector<at::Tensor>& codes) {
  std::vector<at::Tensor> means, variances;
  for (const at::Tensor& code : codes) {
    const at::Tensor rows = code.to(at::kFloat).flatten(1);
    means.push_back(rows.mean(0));
    variances.push_back((rows - means.back()).square().mean());
  }
  const at::Tensor all = at::stack(means);
  const at::Tensor spread = (all - all.mean(0, true)).square().mean();
  return spread / (at::stack(variances).mean() + 1e-6);
}

SideLoss MeasureSideFused(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& masks,
                          const LossTerms& terms) {
  const FusedInput input{targets, masks, terms};
  const auto both = FusedLoss::apply(logits, &input);
  return {both[0], both[1]};
}

}  // namespace reelswap
