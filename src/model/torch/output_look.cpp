#include "model/torch/output_look.h"

#include <algorithm>

namespace reelswap {
namespace {

constexpr int64_t kFaces = 4;          // enough to see whether answers differ; a third of a per cent of the time
constexpr double kPinnedFrom = 0.002;  // there the sigmoid passes on less than a hundredth of a gradient

double Spread(const at::Tensor& faces) { return faces.std(0, /*unbiased=*/false).mean().item<double>(); }

}  // namespace

std::vector<OutputLook> LookAtOutputs(const SwapNetworks& networks, const FaceBatch& batch) {
  const at::NoGradGuard no_grad;
  const int64_t in = networks.architecture.input.size, out = networks.architecture.output.size;
  const size_t people = networks.decoders.size();
  const int64_t each = static_cast<int64_t>(batch.target.size() / people) / (out * out * 3);
  const int64_t some = std::min(kFaces, each);
  std::vector<OutputLook> looks;
  for (size_t p = 0; p < people; ++p) {
    const int64_t first = static_cast<int64_t>(p) * each;
    const at::Tensor input = TensorFromPictures(batch.input.data() + first * in * in * 3, some, in,
                                                networks.placement, networks.encoder.input_type());
    const at::Tensor target = TensorFromPictures(batch.target.data() + first * out * out * 3, some, out,
                                                 networks.placement, at::kFloat);
    const at::Tensor answer = networks.decoders[p]
                                  .second.Forward(networks.encoder.Forward(input))
                                  .narrow(1, 0, 3)
                                  .to(at::kFloat)
                                  .sigmoid();
    OutputLook look;
    at::Tensor counted = at::ones({some, 1, out, out}, target.options());
    if (networks.architecture.recipe.masked_loss && !batch.mask.empty()) {
      // The loss, which this is compared with, counts the inside of the masks alone.
      counted = at::from_blob(const_cast<uint8_t*>(batch.mask.data() + first * out * out), {some, 1, out, out}, at::kByte)
                    .to(target.device())
                    .to(at::kFloat);
    }
    look.error = (((answer - target).abs() * counted).sum() / (3 * counted.sum()).clamp_min(1e-6)).item<double>();
    look.pinned = ((answer - 0.5).abs() > 0.5 - kPinnedFrom).to(at::kFloat).mean().item<double>();
    look.variation = Spread(answer);
    look.target_variation = Spread(target);
    looks.push_back(look);
  }
  return looks;
}

}  // namespace reelswap
