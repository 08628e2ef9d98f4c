#include "model/torch/loss.h"

namespace reelswap {

at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b) {
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  const auto mean = [](const at::Tensor& x) { return at::avg_pool2d(x, {8, 8}, {4, 4}); };
  const at::Tensor ma = mean(a), mb = mean(b);
  const at::Tensor mab = ma * mb, square_sum = ma * ma + mb * mb;
  const at::Tensor covariance = mean(a * b) - mab;
  const at::Tensor variance_sum = mean(a * a + b * b) - square_sum;
  const at::Tensor ssim =
      ((2 * mab + c1) * (2 * covariance + c2)) / ((square_sum + c1) * (variance_sum + c2));
  return ssim.mean();
}

SideLoss MeasureSide(const at::Tensor& logits, const at::Tensor& target, double dssim_weight) {
  const at::Tensor picture = logits.to(at::kFloat).sigmoid();
  SideLoss side;
  side.mean_absolute_error = at::l1_loss(picture, target);
  side.loss = side.mean_absolute_error;
  if (dssim_weight > 0) side.loss = side.loss + dssim_weight * 0.5 * (1.0 - MeanSsim(picture, target));
  return side;
}

}  // namespace reelswap
