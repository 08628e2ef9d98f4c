#include "model/torch/training_step.h"

#include "model/loss_kernel.h"
#include "model/torch/loss.h"

namespace reelswap {

namespace {

at::Tensor BytesOnDevice(const std::vector<uint8_t>& bytes, at::IntArrayRef shape, const at::Device& device) {
  return at::from_blob(const_cast<uint8_t*>(bytes.data()), shape, at::kByte).to(device);
}

SideLoss MeasurePerson(const SwapNetworks& networks, const DeviceBatch& batch, size_t person,
                       const at::Tensor& output) {
  const TrainingRecipe& recipe = networks.architecture.recipe;
  LossTerms terms{recipe.dssim_weight, networks.loss_weights, {}, recipe.masked_loss};
  const at::Tensor mask = batch.masks.empty() ? at::Tensor() : batch.masks[person];
  if (output.is_cpu() && FusedLossFits(static_cast<int>(output.size(2)))) {
    return MeasureSideFused(output, batch.targets[person], mask, terms);
  }
  if (mask.defined()) terms.mask = mask.unsqueeze(1).to(at::kFloat).mul_(1.0 / 255.0);
  return MeasureSide(output, TargetPictures(batch, person), terms);
}

}  // namespace

DeviceBatch Upload(const FaceBatch& batch, const SwapNetworks& networks) {
  const int64_t people = static_cast<int64_t>(networks.decoders.size());
  const int64_t in = networks.architecture.input.size, out = networks.architecture.output.size;
  const int64_t faces = static_cast<int64_t>(batch.input.size()) / (in * in * 3);
  const at::Device& device = networks.placement.device;
  DeviceBatch uploaded;
  uploaded.input =
      TensorFromPictures(batch.input.data(), faces, in, networks.placement, networks.encoder.input_type());
  uploaded.targets = BytesOnDevice(batch.target, {faces, out, out, 3}, device).split(faces / people);
  if (!batch.mask.empty()) {
    uploaded.masks = BytesOnDevice(batch.mask, {faces, out, out}, device).split(faces / people);
  }
  return uploaded;
}

at::Tensor TargetPictures(const DeviceBatch& batch, size_t person) {
  return batch.targets[person].permute({0, 3, 1, 2}).to(at::kFloat).mul_(1.0 / 255.0);
}

DeviceBatch PartOf(const DeviceBatch& batch, int part, int parts) {
  const int64_t people = static_cast<int64_t>(batch.targets.size());
  const int64_t each = batch.targets.front().size(0);
  const int64_t from = each * part / parts, length = each * (part + 1) / parts - from;
  DeviceBatch piece;
  std::vector<at::Tensor> inputs;
  for (int64_t p = 0; p < people; ++p) {
    inputs.push_back(batch.input.narrow(0, p * each + from, length));
    piece.targets.push_back(batch.targets[p].narrow(0, from, length));
    if (!batch.masks.empty()) piece.masks.push_back(batch.masks[p].narrow(0, from, length));
  }
  piece.input = at::cat(inputs).contiguous(at::MemoryFormat::ChannelsLast);
  return piece;
}

StepLoss MeasureLoss(const SwapNetworks& networks, const DeviceBatch& batch) {
  const int64_t people = static_cast<int64_t>(networks.decoders.size());
  const at::Tensor code = networks.encoder.Forward(batch.input);
  const std::vector<at::Tensor> codes = code.split(code.size(0) / people);
  StepLoss loss;
  for (int64_t p = 0; p < people; ++p) {
    loss.outputs.push_back(networks.decoders[p].second.Forward(codes[p]));
    const SideLoss side = MeasurePerson(networks, batch, static_cast<size_t>(p), loss.outputs.back());
    loss.errors.push_back(side.mean_absolute_error.detach());
    loss.total = p == 0 ? side.loss : loss.total + side.loss;
  }
  // A mean over fewer faces says little, and the spread of a single one is none at all.
  constexpr int64_t kFewestForMeans = 4;
  const double alignment = codes.front().size(0) >= kFewestForMeans ? networks.architecture.recipe.alignment : 0;
  if (alignment > 0) loss.total = loss.total + alignment * CodeDistance(codes);
  return loss;
}

}  // namespace reelswap
