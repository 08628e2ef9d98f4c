#include "model/torch/loss.h"

#include "model/face_weights.h"

namespace reelswap {

at::Tensor FaceWeights(const CropGeometry& crop, const at::Device& device) {
  const cv::Mat map = FaceWeightMap(crop);
  return at::from_blob(map.data, {1, 1, crop.size, crop.size}, at::kFloat).clone().to(device);
}

at::Tensor MeanSsim(const at::Tensor& a, const at::Tensor& b, const at::Tensor& weights) {
  // c2 is far above what fp32 loses in E[x^2] - E[x]^2 of values in [0,1] (about 1e-7), so that a flat
  // window gives neither NaN nor noise.
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  const auto mean = [](const at::Tensor& x) { return at::avg_pool2d(x, {8, 8}, {4, 4}); };
  const at::Tensor ma = mean(a), mb = mean(b);
  const at::Tensor mab = ma * mb, square_sum = ma * ma + mb * mb;
  const at::Tensor covariance = mean(a * b) - mab;
  const at::Tensor variance_sum = mean(a * a + b * b) - square_sum;
  const at::Tensor ssim =
      ((2 * mab + c1) * (2 * covariance + c2)) / ((square_sum + c1) * (variance_sum + c2));
  if (!weights.defined()) return ssim.mean();
  // The windows do not cover all pixels equally often: their weights are brought to mean 1 anew.
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
  if (dssim_weight > 0) {
    side.loss = side.loss + dssim_weight * 0.5 * (1.0 - MeanSsim(picture, target, weights));
  }
  return side;
}

}  // namespace reelswap
