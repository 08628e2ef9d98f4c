#include "model/architecture.h"

#include <fmt/format.h>

#include "core/error.h"

namespace reelswap {
namespace {

constexpr CropGeometry kUnitSquare64{64, 1.0f, 0.0f};

Layer Conv(int in, int out, int kernel, int stride, PaddingRule padding) {
  return {
      .kind = LayerKind::kConv, .in = in, .out = out, .kernel = kernel, .stride = stride, .padding = padding};
}
Layer Dense(int in, int out, int grid = 0) {
  return {.kind = LayerKind::kDense, .in = in, .out = out, .grid = grid};
}
Layer Upscale(int in, int out) { return {.kind = LayerKind::kUpscale, .in = in, .out = out}; }
Layer Residual(int channels) { return {.kind = LayerKind::kResidual, .in = channels, .out = channels}; }

/// The classic: four strided 5x5 convolutions, a bottleneck of 1024, one upscaling before the split.
Architecture Original() {
  const auto same = PaddingRule::kTensorFlow;
  Architecture a;
  a.name = "original";
  a.input = a.output = kUnitSquare64;
  a.encoder = {Conv(3, 128, 5, 2, same),    Conv(128, 256, 5, 2, same), Conv(256, 512, 5, 2, same),
               Conv(512, 1024, 5, 2, same), Dense(4 * 4 * 1024, 1024),  Dense(1024, 4 * 4 * 1024, 4),
               Upscale(1024, 512)};
  a.decoder = {Upscale(512, 256),
               Upscale(256, 128),
               Upscale(128, 64),
               {.kind = LayerKind::kOutputConv, .in = 64, .out = 3, .kernel = 5}};
  return a;
}

/// `original` without the fourth convolution and with a bottleneck of 512.
Architecture LowMem() {
  const auto same = PaddingRule::kTensorFlow;
  Architecture a = Original();
  a.name = "lowmem";
  a.encoder = {Conv(3, 128, 5, 2, same), Conv(128, 256, 5, 2, same),  Conv(256, 512, 5, 2, same),
               Dense(8 * 8 * 512, 512),  Dense(512, 4 * 4 * 1024, 4), Upscale(1024, 512)};
  return a;
}

Layer OutputShuffle(int in, int out, int grid) {
  return {.kind = LayerKind::kOutputShuffle, .in = in, .out = out, .grid = grid};
}
Layer Normalise() { return {.kind = LayerKind::kNormalise, .in = 3, .out = 3}; }

/// What the small networks share: how they learn was chosen on the yardstick (`reelswap evaluate`).
TrainingRecipe SmallRecipe() {
  return {.learning_rate = 2.5e-3,
          .beta1 = 0.9,
          .beta2 = 0.99,
          .warm_up = 100,
          .final_rate = 0.05,
          .dssim_weight = 0.5,
          .face_weights = true,
          .warp_jitter = 3.0 / 160.0,
          // Aligned faces wobble by about 1 % of the eye distance. A network that need not draw them turned by 10
          // degrees and moved by 8 % learns what it has to draw much sooner.
          .rotation_degrees = 4,
          .zoom = 0.04,
          .shift = 0.025,
          .warp_fade_from = 0.8,
          .color_jitter = 0.05,
          .alignment = 0.1,
          .average_decay = 0.998,
          .balanced = true};
}

/// Made for CPUs: dense 3x3 convolutions whose channels are multiples of 16 run near the arithmetic
/// ceiling there, and the last enlargement to 128 px costs one convolution at 32 px. A tenth of `original`'s
/// arithmetic.
Architecture Light() {
  const auto centred = PaddingRule::kCentred;
  Architecture a;
  a.name = "light";
  a.input = {64, 1.4f, 0.10f};
  a.output = {128, 1.4f, 0.10f};
  // Two people's skin, and the same face in another light, differ most in mean and contrast. Taken off the
  // input, the encoder meets both people in one space from the start and the swap is learnt much sooner.
  a.encoder = {Normalise(),
               Conv(3, 32, 5, 2, centred),
               Conv(32, 64, 5, 2, centred),
               Conv(64, 128, 5, 2, centred),
               Conv(128, 256, 3, 2, centred),
               Dense(4 * 4 * 256, 256),
               Dense(256, 4 * 4 * 128, 4),
               Upscale(128, 128)};
  a.decoder = {Upscale(128, 96), Upscale(96, 48), Residual(48), OutputShuffle(48, 3, 4)};
  a.recipe = SmallRecipe();
  a.recommended_batch = 8;  // more steps in the same minutes learn more than larger ones
  return a;
}

/// Sees 128 px instead of 64, so eyes and teeth reach it sharp, and draws the face's mask as well; what that costs
/// at the fine end is saved at the first convolution.
Architecture Hd128() {
  const auto centred = PaddingRule::kCentred;
  Architecture a;
  a.name = "hd128";
  a.input = {128, 1.4f, 0.10f};
  a.output = {128, 1.4f, 0.10f};
  a.mask = true;
  a.encoder = {Normalise(),
               Conv(3, 16, 5, 2, centred),
               Conv(16, 32, 5, 2, centred),
               Conv(32, 64, 5, 2, centred),
               Conv(64, 128, 5, 2, centred),
               Conv(128, 256, 3, 2, centred),
               Dense(4 * 4 * 256, 256),
               Dense(256, 4 * 4 * 128, 4),
               Upscale(128, 128)};
  a.decoder = {Upscale(128, 80), Upscale(80, 48), Residual(48), OutputShuffle(48, 4, 4)};
  a.recipe = SmallRecipe();
  a.recipe.masked_loss = true;  // what lies outside is cut off by the mask
  a.recommended_batch = 8;
  return a;
}

const std::vector<Architecture>& All() {
  static const std::vector<Architecture> kAll = {Original(), LowMem(), Light(), Hd128()};
  return kAll;
}

ArchitectureInfo InfoOf(const Architecture& a) {
  ArchitectureInfo info;
  info.name = a.name;
  info.input = a.input;
  info.output = a.output;
  info.parameters = ParameterCount(a.encoder) + 2 * ParameterCount(a.decoder);
  info.forward_gflop =
      (FlopCount(a.encoder, a.input.size) + FlopCount(a.decoder, OutputSide(a.encoder, a.input.size))) / 1e9;
  info.recommended_batch = a.recommended_batch;
  return info;
}

}  // namespace

int ConvChannels(const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::kUpscale:
      return 4 * layer.out;
    case LayerKind::kOutputShuffle:
      return layer.out * layer.grid * layer.grid;
    default:
      return layer.out;
  }
}

int64_t ParameterCount(const std::vector<Layer>& layers) {
  int64_t count = 0;
  for (const Layer& layer : layers) {
    if (layer.kind == LayerKind::kNormalise) continue;
    const int64_t out = ConvChannels(layer);
    const int64_t taps = layer.kind == LayerKind::kDense ? 1 : int64_t{layer.kernel} * layer.kernel;
    const int64_t weights = out * layer.in * taps + out;
    count += layer.kind == LayerKind::kResidual ? 2 * weights : weights;
  }
  return count;
}

int OutputSide(const std::vector<Layer>& layers, int side) {
  for (const Layer& layer : layers) {
    switch (layer.kind) {
      case LayerKind::kConv:
        side = (side + layer.stride - 1) / layer.stride;
        break;
      case LayerKind::kDense:
        side = layer.grid;
        break;
      case LayerKind::kUpscale:
        side *= 2;
        break;
      case LayerKind::kOutputShuffle:
        side *= layer.grid;
        break;
      case LayerKind::kNormalise:
      case LayerKind::kResidual:
      case LayerKind::kOutputConv:
        break;
    }
  }
  return side;
}

double FlopCount(const std::vector<Layer>& layers, int side) {
  double flops = 0;
  for (const Layer& layer : layers) {
    if (layer.kind == LayerKind::kNormalise) continue;
    double multiply_adds = 0;
    if (layer.kind == LayerKind::kDense) {
      multiply_adds = static_cast<double>(layer.in) * layer.out;
      side = layer.grid;
    } else {
      const int conv_side = (side + layer.stride - 1) / layer.stride;
      multiply_adds = static_cast<double>(ConvChannels(layer)) * layer.in * layer.kernel * layer.kernel *
                      conv_side * conv_side;
      if (layer.kind == LayerKind::kResidual) multiply_adds *= 2;
      side = OutputSide({layer}, side);
    }
    flops += 2 * multiply_adds;
  }
  return flops;
}

const Architecture& ArchitectureByName(const std::string& name) {
  std::string known;
  for (const Architecture& a : All()) {
    if (a.name == name) return a;
    known += (known.empty() ? "" : ", ") + a.name;
  }
  throw Error(ErrorKind::kModel, fmt::format("unknown architecture \"{:.80}\" (known: {})", name, known));
}

std::vector<ArchitectureInfo> Architectures() {
  std::vector<ArchitectureInfo> infos;
  for (const Architecture& a : All()) infos.push_back(InfoOf(a));
  return infos;
}

ArchitectureInfo FindArchitecture(const std::string& name) { return InfoOf(ArchitectureByName(name)); }

}  // namespace reelswap
