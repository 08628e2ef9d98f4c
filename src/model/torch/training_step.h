#pragma once

#include "model/face_loader.h"
#include "model/torch/adam.h"
#include "model/torch/networks.h"

namespace reelswap {

/// A batch on the device.
struct DeviceBatch {
  at::Tensor input;  ///< (people x batch) x 3 x S x S, the encoder's input_type(), channels-last
  std::vector<at::Tensor> targets;  ///< by person: batch x 3 x S x S, fp32 in [0,1]
};
DeviceBatch Upload(const FaceBatch& batch, const SwapNetworks& networks);

/// Learning rate of a step. progress: 0 at the start, 1 at the end of the training.
double LearningRate(const TrainingRecipe& recipe, double base_rate, int64_t iteration, double progress);

/// One step for all people: their faces pass the encoder in one batch. Returns the mean absolute error
/// of each person (fp32 tensor on the device, not read back).
at::Tensor TrainStep(SwapNetworks& networks, Adam& adam, const DeviceBatch& batch, double learning_rate);

/// The same errors without learning from them.
at::Tensor MeasureStep(const SwapNetworks& networks, const DeviceBatch& batch);

}  // namespace reelswap
