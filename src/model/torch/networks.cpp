#include "model/torch/networks.h"

#include <fmt/format.h>

#include <cmath>

#include "model/torch/loss.h"

namespace reelswap {
namespace {

constexpr double kSlope = 0.1;  // LeakyReLU

at::Tensor Activate(at::Tensor x) { return at::leaky_relu_(x, kSlope); }

/// Channels (row, column, c) of every pixel become a block of pixels: TensorFlow's depth_to_space. In
/// channels-last memory that order moves whole runs of channels, which PyTorch's own order does not.
at::Tensor DepthToSpace(const at::Tensor& x, int64_t r) {
  const int64_t n = x.size(0), h = x.size(2), w = x.size(3), c = x.size(1) / (r * r);
  return x.permute({0, 2, 3, 1})
      .reshape({n, h, w, r, r, c})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({n, h * r, w * r, c})
      .permute({0, 3, 1, 2});
}

at::Tensor Convolve(at::Tensor x, const Layer& layer, const at::Tensor& weight, const at::Tensor& bias) {
  const int64_t k = layer.kernel, s = layer.stride;
  int64_t padding = (k - 1) / 2;
  if (layer.padding == PaddingRule::kTensorFlow && s > 1) {
    const int64_t side = x.size(3);
    const int64_t total = std::max<int64_t>(((side + s - 1) / s - 1) * s + k - side, 0);
    x = at::constant_pad_nd(x, {total / 2, total - total / 2, total / 2, total - total / 2});
    padding = 0;
  }
  return at::conv2d(x, weight, bias, {s, s}, {padding, padding});
}

/// Smallest spread a picture is divided by, in the input's [0,1]: two and a half of 255 levels. Below it
/// there is nothing but noise, and a flat picture would otherwise become NaN.
constexpr double kLeastSpread = 0.01;

/// Mean and spread are taken over the middle three fifths of the picture, where the face is, so that the
/// room behind it does not decide how the face looks to the network. x: fp32, because bf16 would round
/// away bright pixels' last bit, which matters in a picture of little contrast. Returns `type`.
at::Tensor NormalisePictures(const at::Tensor& x, at::ScalarType type) {
  const int64_t side = x.size(3), from = side / 5, length = side - 2 * from;
  const at::Tensor middle = x.narrow(2, from, length).narrow(3, from, length);
  const at::Tensor mean = middle.mean({2, 3}, true);
  const at::Tensor variance = (middle - mean).square().mean({2, 3}, true);
  return ((x - mean) / (variance + kLeastSpread * kLeastSpread).sqrt()).to(type);
}

at::Tensor Flatten(const at::Tensor& x) {
  return x.dim() == 4 ? x.permute({0, 2, 3, 1}).reshape({x.size(0), -1}) : x;
}

at::Tensor ToGrid(const at::Tensor& x, int64_t side) {
  return x.reshape({x.size(0), side, side, -1}).permute({0, 3, 1, 2});
}

}  // namespace

Network::Network(const std::string& prefix, const std::vector<Layer>& layers, const Placement& placement,
                 at::Generator generator)
    : prefix_(prefix), layers_(layers), placement_(placement) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const std::string name = fmt::format("{}.{}", prefix, i);
    if (layers_[i].kind == LayerKind::kNormalise) continue;
    if (layers_[i].kind == LayerKind::kResidual) {
      AddWeights(name + ".first", layers_[i], generator);
      AddWeights(name + ".second", layers_[i], generator);
    } else {
      AddWeights(name, layers_[i], generator);
    }
  }
  RoundMasters();
}

void Network::AddWeights(const std::string& name, const Layer& layer, at::Generator& generator) {
  const bool dense = layer.kind == LayerKind::kDense;
  const int64_t out = ConvChannels(layer), k = layer.kernel;
  std::vector<int64_t> shape =
      dense ? std::vector<int64_t>{out, layer.in} : std::vector<int64_t>{out, layer.in, k, k};
  const double fan_in = dense ? layer.in : static_cast<double>(layer.in) * k * k;
  const double bound = std::sqrt(6.0 / fan_in);
  // Drawn on the CPU, so that a seed gives the same start on every device.
  at::Tensor weight = at::empty(shape, at::kFloat).uniform_(-bound, bound, generator);
  if (!dense) weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
  for (auto& [suffix, tensor] :
       {std::pair{".weight", weight}, std::pair{".bias", at::zeros({out}, at::kFloat)}}) {
    parameters_.push_back({name + suffix, tensor.to(placement_.device), {}});
  }
}

void Network::RoundMasters() {
  const at::NoGradGuard no_grad;
  for (Parameter& p : parameters_) {
    p.compute = placement_.type == at::kFloat ? p.master : p.master.to(placement_.type);
    p.compute.requires_grad_(true);
  }
}

void Network::Freeze() {
  for (Parameter& p : parameters_) {
    p.compute = p.compute.detach();
    p.master = at::Tensor();
  }
}

int64_t Network::Count() const {
  int64_t count = 0;
  for (const Parameter& p : parameters_) count += p.compute.numel();
  return count;
}

at::ScalarType Network::input_type() const {
  return layers_.front().kind == LayerKind::kNormalise ? at::kFloat : placement_.type;
}

at::Tensor Network::Forward(at::Tensor x) const {
  size_t at = 0;
  const auto convolve = [&](const at::Tensor& from, const Layer& layer) {
    const at::Tensor& weight = parameters_[at++].compute;
    const at::Tensor& bias = parameters_[at++].compute;
    return Convolve(from, layer, weight, bias);
  };
  for (const Layer& layer : layers_) {
    switch (layer.kind) {
      case LayerKind::kNormalise:
        x = NormalisePictures(x, placement_.type);
        break;
      case LayerKind::kConv:
        x = Activate(convolve(x, layer));
        break;
      case LayerKind::kDense: {
        const at::Tensor& weight = parameters_[at++].compute;
        const at::Tensor& bias = parameters_[at++].compute;
        x = at::linear(Flatten(x), weight, bias);
        if (layer.grid > 0) x = ToGrid(x, layer.grid);
        break;
      }
      case LayerKind::kUpscale:
        x = DepthToSpace(Activate(convolve(x, layer)), 2);
        break;
      case LayerKind::kResidual: {
        const at::Tensor inner = Activate(convolve(x, layer));
        x = Activate(convolve(inner, layer).add_(x));
        break;
      }
      case LayerKind::kOutputConv:
        x = convolve(x, layer);
        break;
      case LayerKind::kOutputShuffle:
        x = DepthToSpace(convolve(x, layer), layer.grid);
        break;
    }
  }
  return x;
}

SwapNetworks::SwapNetworks(const Architecture& a, const std::vector<std::string>& people,
                           const Placement& where, uint64_t seed)
    : architecture(a),
      placement(where),
      loss_weights(a.recipe.face_weights ? FaceWeights(a.output, where.device) : at::Tensor()),
      encoder("encoder", a.encoder, where, at::make_generator<at::CPUGeneratorImpl>(seed)) {
  for (size_t i = 0; i < people.size(); ++i) {
    // All start from the same weights: what a code means is then the same to every decoder from the first step, and a
    // swap does not have to wait until they agree. Adding a person leaves the others' start as it was.
    decoders.emplace_back(people[i], Network("decoders." + people[i], a.decoder, where,
                                             at::make_generator<at::CPUGeneratorImpl>(seed + 1000003)));
  }
}

std::vector<Parameter*> SwapNetworks::parameters() {
  std::vector<Parameter*> all;
  for (Parameter& p : encoder.parameters()) all.push_back(&p);
  for (auto& [person, decoder] : decoders) {
    for (Parameter& p : decoder.parameters()) all.push_back(&p);
  }
  return all;
}

at::Tensor TensorFromPictures(const uint8_t* pixels, int64_t n, int64_t side, const Placement& placement,
                              at::ScalarType type) {
  const at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(pixels), {n, side, side, 3}, at::kByte);
  // Bytes travel to the device, a quarter of what floats would take.
  return bytes.to(placement.device).permute({0, 3, 1, 2}).to(at::kFloat).mul_(1.0 / 255.0).to(type);
}

}  // namespace reelswap
