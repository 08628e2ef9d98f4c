#include "model/torch/loss.h"

namespace reelswap {

at::Tensor FaceWeights(const CropGeometry& crop, const at::Device& device) {
  const at::Tensor pixel = at::arange(crop.size, at::kFloat);
  const at::Tensor unit = (pixel / crop.size - 0.5) * crop.coverage + 0.5;  // face units, see CropGeometry
  const at::Tensor u = unit.view({1, -1}), v = unit.view({-1, 1}) + crop.shift_y;
  const auto spot = [&](double cu, double cv, double ru, double rv) {
    return at::exp(-0.5 * (((u - cu) / ru).square() + ((v - cv) / rv).square()));
  };
  // The oval holds brows to chin; its border is soft over a tenth of the face.
  const at::Tensor radius = (((u - 0.5) / 0.64).square() + ((v - 0.55) / 0.78).square()).sqrt();
  at::Tensor weights = 0.1 + 0.9 * at::sigmoid((1.0 - radius) * 12.0);
  // Eyes and mouth of the mean face (see face/mean_face.cpp).
  weights = weights + 1.5 * (spot(0.24, 0.22, 0.12, 0.07) + spot(0.76, 0.22, 0.12, 0.07)) +
            1.5 * spot(0.5, 0.81, 0.19, 0.09);
  weights = weights / weights.mean();
  return weights.view({1, 1, crop.size, crop.size}).to(device);
}

at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b, const at::Tensor& weights) {
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  const auto mean = [](const at::Tensor& x) { return at::avg_pool2d(x, {8, 8}, {4, 4}); };
  const at::Tensor ma = mean(a), mb = mean(b);
  const at::Tensor mab = ma * mb, square_sum = ma * ma + mb * mb;
  const at::Tensor covariance = mean(a * b) - mab;
  const at::Tensor variance_sum = mean(a * a + b * b) - square_sum;
  const at::Tensor ssim =
      ((2 * mab + c1) * (2 * covariance + c2)) / ((square_sum + c1) * (variance_sum + c2));
  if (!weights.defined()) return ssim.mean();
  const at::Tensor window_weights = mean(weights);
  return (ssim * (window_weights / window_weights.mean())).mean();
}

SideLoss MeasureSide(const at::Tensor& logits, const at::Tensor& target, double dssim_weight,
                     const at::Tensor& weights) {
  const at::Tensor picture = logits.to(at::kFloat).sigmoid();
  const at::Tensor error = (picture - target).abs();
  SideLoss side;
  side.mean_absolute_error = error.mean();
  side.loss = weights.defined() ? (error * weights).mean() : side.mean_absolute_error;
  if (dssim_weight > 0) side.loss = side.loss + dssim_weight * 0.5 * (1.0 - MeanSsim(picture, target, weights));
  return side;
}

}  // namespace reelswap
