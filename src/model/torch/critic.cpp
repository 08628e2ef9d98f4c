#include "model/torch/critic.h"

#include <algorithm>

namespace reelswap {
namespace {

constexpr double kListenFrom = 0.80;
constexpr double kLearnFrom = 0.75;
constexpr double kRise = 0.05;
constexpr double kStrength = 0.02;      // beside a loss of about 0.02 to 0.05 at that point of a training
constexpr double kLearningRate = 2e-4;  // usual for such critics (Radford et al. 2016)

Layer Halving(int in, int out) {
  return {.kind = LayerKind::kConv, .in = in, .out = out, .kernel = 3, .stride = 2};
}

/// Sees patches of 31 px: skin, lashes, teeth; not whose face it is.
std::vector<Layer> CriticLayers() {
  return {Halving(3, 32), Halving(32, 64), Halving(64, 128),
          {.kind = LayerKind::kOutputConv, .in = 128, .out = 1, .kernel = 3}};
}

TrainingRecipe CriticRecipe() {
  TrainingRecipe recipe;
  recipe.beta1 = 0.5;
  recipe.beta2 = 0.999;
  return recipe;
}

std::vector<Network> MakeNetworks(const std::vector<std::string>& people, const Placement& placement,
                                  uint64_t seed) {
  std::vector<Network> networks;
  for (size_t i = 0; i < people.size(); ++i) {
    networks.emplace_back("critics." + people[i], CriticLayers(), placement,
                          at::make_generator<at::CPUGeneratorImpl>(seed + 7000003 * (i + 1)));
  }
  return networks;
}

at::Tensor Picture(const at::Tensor& output) { return output.narrow(1, 0, 3).to(at::kFloat).sigmoid(); }

/// Black outside the faces' masks, made and real alike: what is cut off in a swap is not worth telling apart.
at::Tensor Visible(const at::Tensor& pictures, const DeviceBatch& batch, size_t person) {
  if (batch.masks.empty()) return pictures;
  return pictures * batch.masks[person].unsqueeze(1).to(at::kFloat).mul_(1.0 / 255.0);
}

}  // namespace

Critics::Critics(const std::vector<std::string>& people, const Placement& placement, uint64_t seed)
    : placement_(placement),
      networks_(MakeNetworks(people, placement, seed)),
      adam_(Parameters(), CriticRecipe()) {}

std::vector<Parameter*> Critics::Parameters() {
  std::vector<Parameter*> all;
  for (Network& network : networks_) {
    for (Parameter& p : network.parameters()) all.push_back(&p);
  }
  return all;
}

double Critics::Weight(double progress) {
  return kStrength * std::clamp((progress - kListenFrom) / kRise, 0.0, 1.0);
}

bool Critics::Learns(double progress) { return progress >= kLearnFrom; }

at::Tensor Critics::Judge(size_t person, const at::Tensor& pictures) const {
  const at::Tensor input = (pictures * 2.0 - 1.0).to(placement_.type).contiguous(at::MemoryFormat::ChannelsLast);
  return networks_[person].Forward(input).to(at::kFloat);
}

at::Tensor Critics::Doubt(const std::vector<at::Tensor>& outputs, const DeviceBatch& batch) const {
  at::Tensor doubt;
  for (size_t p = 0; p < outputs.size(); ++p) {
    const at::Tensor one = (Judge(p, Visible(Picture(outputs[p]), batch, p)) - 1.0).square().mean();
    doubt = p == 0 ? one : doubt + one;
  }
  return doubt;
}

void Critics::Learn(const std::vector<at::Tensor>& outputs, const DeviceBatch& batch, double share) {
  for (Parameter* p : Parameters()) p->compute.mutable_grad() = at::Tensor();
  at::Tensor loss;
  for (size_t p = 0; p < outputs.size(); ++p) {
    const at::Tensor made = Judge(p, Visible(Picture(outputs[p].detach()), batch, p));
    const at::Tensor real = Judge(p, Visible(TargetPictures(batch, p), batch, p));
    const at::Tensor one = 0.5 * (made.square().mean() + (real - 1.0).square().mean());
    loss = p == 0 ? one : loss + one;
  }
  (loss * share).backward();
  const std::vector<Parameter*> parameters = Parameters();
  gradients_.resize(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor gradient = parameters[i]->compute.grad().to(at::kFloat);
    gradients_[i] = gradients_[i].defined() ? gradients_[i] + gradient : gradient;
  }
}

void Critics::Step() {
  const std::vector<Parameter*> parameters = Parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    parameters[i]->compute.mutable_grad() = gradients_[i].to(parameters[i]->compute.scalar_type());
  }
  adam_.Step(kLearningRate);
  gradients_.clear();
}

void Critics::DropGradients() {
  for (Parameter* p : Parameters()) p->compute.mutable_grad() = at::Tensor();
  gradients_.clear();
}

void Critics::Restored() {
  for (Network& network : networks_) network.RoundMasters();
}

}  // namespace reelswap
