#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/trainer.h"

namespace reelswap {

/// What a layer does. All activations but the last are LeakyReLU with slope 0.1; tensors are
/// N x C x H x W with the channels innermost in memory.
enum class LayerKind {
  kNormalise,      ///< every channel of every picture to mean 0, spread 1 in its middle (no weights)
  kConv,           ///< convolution, activation
  kDense,          ///< flatten in H, W, C order, matrix, no activation; back to a grid when grid > 0
  kUpscale,        ///< convolution to 4 x out channels, activation, depth to space x2
  kResidual,       ///< x + conv(activation(conv(x))), activation
  kOutputConv,     ///< convolution to 3 channels (4 with a mask), sigmoid
  kOutputShuffle,  ///< convolution to 3 (4) x grid^2 channels, depth to space x grid, sigmoid
};

/// Where the padding of a strided convolution goes when it is odd.
enum class PaddingRule {
  kTensorFlow,  ///< "same": the larger half at the bottom and right (5x5, stride 2: 1 and 2)
  kCentred,     ///< (kernel - 1) / 2 on every side: no extra copy of the input
};

struct Layer {
  LayerKind kind;
  int in = 0;      ///< channels, or values for kDense
  int out = 0;     ///< channels, or values for kDense
  int kernel = 3;  ///< px
  int stride = 1;  ///< px
  int grid = 0;    ///< kDense: side of the grid to reshape to; kOutputShuffle: enlargement
  PaddingRule padding = PaddingRule::kCentred;
};

/// Numbers of the optimiser that belong to an architecture.
struct TrainingRecipe {
  double learning_rate = 5e-5;
  double beta1 = 0.5;
  double beta2 = 0.999;
  int64_t warm_up = 0;        ///< steps of linear rise from 0
  double final_rate = 1.0;    ///< factor at the end; falls linearly over the second half of the training
  double dssim_weight = 0.0;  ///< added to the mean absolute error: weight x (1 - SSIM) / 2
  bool face_weights = false;  ///< the loss counts the face more than what is around it (see FaceWeightMap)
  double warp_jitter = 5.0 / 160.0;  ///< standard deviation of the random warp's nodes, in sides of the crop
  double rotation_degrees = 10;      ///< uniform in +-: how far training pictures are turned, ...
  double zoom = 0.05;                ///< ... enlarged (factor uniform in 1 +-) ...
  double shift = 0.08;               ///< ... and moved (uniform in +-, face units)
  double warp_fade_from = 1.0;  ///< progress from which the random warp shrinks, to nothing at the end; 1 = never
  double color_jitter = 0;      ///< the input's light is changed by as much (see JitterColors); the target keeps its own
  double alignment = 0;         ///< weight of the distance between people's mean codes in the loss, see CodeDistance
  double average_decay = 0;     ///< of the running average of the weights, per step; 0 = the last weights are used
  bool masked_loss = false;     ///< what lies outside the face's own mask gives no gradient (where faces have masks)
  bool balanced = false;        ///< rare poses and expressions are shown more often (where faces have poses)
};

/// The whole description of a network: layers, shapes, counts and recipe all follow from it.
struct Architecture {
  std::string name;
  CropGeometry input;
  CropGeometry output;
  std::vector<Layer> encoder;
  std::vector<Layer> decoder;
  bool mask = false;  ///< the decoder's fourth output channel is the face's mask
  TrainingRecipe recipe;
  int recommended_batch = 64;
};

/// Throws Error(kModel) naming the known ones.
const Architecture& ArchitectureByName(const std::string& name);

int64_t ParameterCount(const std::vector<Layer>& layers);
/// Floating-point operations (2 x multiply-adds) for one face; `side` is the side of the input grid in
/// px, 0 when the first layer is dense.
double FlopCount(const std::vector<Layer>& layers, int side);
/// Side of the grid that comes out.
int OutputSide(const std::vector<Layer>& layers, int side);
/// Output channels of the layer's (first) convolution, before any rearrangement.
int ConvChannels(const Layer& layer);

}  // namespace reelswap
