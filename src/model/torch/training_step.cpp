#include "model/torch/training_step.h"

#include <algorithm>

#include "model/torch/loss.h"

namespace reelswap {
namespace {

/// Output of every person's decoder for that person's own faces, before the sigmoid.
std::vector<at::Tensor> Reconstruct(const SwapNetworks& networks, const DeviceBatch& batch) {
  const int64_t people = static_cast<int64_t>(networks.decoders.size());
  const at::Tensor code = networks.encoder.Forward(batch.input);
  const std::vector<at::Tensor> codes = code.split(code.size(0) / people);
  std::vector<at::Tensor> outputs;
  for (int64_t p = 0; p < people; ++p) outputs.push_back(networks.decoders[p].second.Forward(codes[p]));
  return outputs;
}

}  // namespace

DeviceBatch Upload(const FaceBatch& batch, const SwapNetworks& networks) {
  const int64_t people = static_cast<int64_t>(networks.decoders.size());
  const int64_t in = networks.architecture.input.size, out = networks.architecture.output.size;
  const int64_t faces = static_cast<int64_t>(batch.input.size()) / (in * in * 3);
  DeviceBatch uploaded;
  uploaded.input =
      TensorFromPictures(batch.input.data(), faces, in, networks.placement, networks.encoder.input_type());
  uploaded.targets = TensorFromPictures(batch.target.data(), faces, out, networks.placement, at::kFloat)
                         .split(faces / people);
  return uploaded;
}

double LearningRate(const TrainingRecipe& recipe, double base_rate, int64_t iteration, double progress) {
  const double rise = recipe.warm_up > 0 ? std::min(1.0, (iteration + 1.0) / recipe.warm_up) : 1.0;
  const double late = std::clamp(2.0 * progress - 1.0, 0.0, 1.0);
  return base_rate * rise * (1.0 + (recipe.final_rate - 1.0) * late);
}

at::Tensor TrainStep(SwapNetworks& networks, Adam& adam, const DeviceBatch& batch, double learning_rate) {
  const std::vector<at::Tensor> outputs = Reconstruct(networks, batch);
  const TrainingRecipe& recipe = networks.architecture.recipe;
  at::Tensor total;
  std::vector<at::Tensor> errors;
  for (size_t p = 0; p < outputs.size(); ++p) {
    const SideLoss side =
        MeasureSide(outputs[p], batch.targets[p], recipe.dssim_weight, networks.loss_weights);
    errors.push_back(side.mean_absolute_error.detach());
    total = p == 0 ? side.loss : total + side.loss;
  }
  total.backward();
  adam.Step(learning_rate);
  return at::stack(errors);
}

at::Tensor MeasureStep(const SwapNetworks& networks, const DeviceBatch& batch) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> outputs = Reconstruct(networks, batch);
  std::vector<at::Tensor> errors;
  for (size_t p = 0; p < outputs.size(); ++p) {
    errors.push_back(MeasureSide(outputs[p], batch.targets[p], 0).mean_absolute_error);
  }
  return at::stack(errors);
}

}  // namespace reelswap
