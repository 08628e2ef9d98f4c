#pragma once

#include "model/face_loader.h"
#include "model/torch/networks.h"

namespace reelswap {

/// A batch on the device. Pictures stay bytes, a quarter of what floats would take; on the CPU they are views of the
/// FaceBatch, which has to live as long.
struct DeviceBatch {
  at::Tensor input;  ///< (people x batch) x 3 x S x S, the encoder's input_type(), channels-last
  std::vector<at::Tensor> targets;  ///< by person: batch x S x S x 3, bytes
  std::vector<at::Tensor> masks;    ///< by person: batch x S x S, bytes; empty where faces have none
};
/// Target pictures as numbers: batch x 3 x S x S, fp32 in [0,1], channels-last.
at::Tensor TargetPictures(const DeviceBatch& batch, size_t person);
DeviceBatch Upload(const FaceBatch& batch, const SwapNetworks& networks);

/// Piece `part` of `parts`: the same share of every person's faces. 
DeviceBatch PartOf(const DeviceBatch& batch, int part, int parts);

/// Losses of all people: their faces pass the encoder in one batch.
struct StepLoss {
  at::Tensor total;                     ///< what is minimised
  std::vector<at::Tensor> errors;       ///< mean absolute error of each person, detached
  std::vector<at::Tensor> outputs;      ///< by person, before the sigmoid
};
StepLoss MeasureLoss(const SwapNetworks& networks, const DeviceBatch& batch);

}  // namespace reelswap
