#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/architecture.h"
#include "model/torch/device.h"

namespace reelswap {

/// A weight: the fp32 master that is stored and optimised, and what the network computes with (the
/// same tensor in fp32, a rounded copy in bf16). Convolution weights are channels-last in memory.
struct Parameter {
  std::string name;  ///< in files: "encoder.0.weight", "decoders.<person>.2.bias"
  at::Tensor master;
  at::Tensor compute;
};

/// A chain of layers built from its description.
class Network {
 public:
  /// Weights start He-uniform (Kaiming He 2015), biases at zero.
  Network(const std::string& prefix, const std::vector<Layer>& layers, const Placement& placement,
          at::Generator generator);

  /// What Forward takes: placement's type, or fp32 where the pictures are normalised first.
  at::ScalarType input_type() const;
  /// x: N x C x H x W, input_type(), channels-last. Returns the last layer's output in placement's type;
  /// for output layers that is before the sigmoid.
  at::Tensor Forward(at::Tensor x) const;

  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::string& prefix() const { return prefix_; }
  int64_t Count() const;
  /// Makes `compute` follow `master` after the masters were loaded.
  void RoundMasters();
  /// Drops gradients and, in bf16, the masters: for inference.
  void Freeze();

 private:
  void AddWeights(const std::string& name, const Layer& layer, at::Generator& generator);

  std::string prefix_;
  std::vector<Layer> layers_;
  Placement placement_;
  std::vector<Parameter> parameters_;  ///< weight, bias of every layer in turn
};

/// One encoder, one decoder per person in order.
struct SwapNetworks {
  SwapNetworks(const Architecture& architecture, const std::vector<std::string>& people,
               const Placement& placement, uint64_t seed);
  std::vector<Parameter*> parameters();
  const Architecture& architecture;
  Placement placement;
  at::Tensor loss_weights;  ///< per pixel of the output, see FaceWeights; undefined: all alike
  Network encoder;
  std::vector<std::pair<std::string, Network>> decoders;
};

/// 8-bit BGR pictures (N x S x S x 3 at `pixels`) -> N x 3 x S x S in [0,1], channels-last.
at::Tensor TensorFromPictures(const uint8_t* pixels, int64_t n, int64_t side, const Placement& placement,
                              at::ScalarType type);

}  // namespace reelswap
