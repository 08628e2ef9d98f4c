#include "model/torch/training_engine.h"

#include <algorithm>
#include <cmath>

#include "model/torch/adam.h"
#include "model/torch/critic.h"
#include "model/torch/tensor_memory.h"
#include "model/torch/training_step.h"

namespace reelswap {
namespace {

/// The averages take in the weights once in so many steps: a pass over all weights is memory traffic that
/// nothing is gained by repeating while they hardly move.
constexpr int64_t kAverageEvery = 4;

/// Running averages of the weights (Polyak 1992; with the rise of the decay as in TensorFlow's moving averages,
/// so that the first steps are forgotten). With decay 0 there are none and the weights stand for themselves.
class WeightAverages {
 public:
  WeightAverages(const std::vector<Parameter*>& parameters, double decay) : parameters_(parameters), decay_(decay) {
    if (decay_ > 0) Reset();
  }
  bool on() const { return decay_ > 0; }
  const std::vector<at::Tensor>& averages() const { return averages_; }

  void Reset() {
    if (!on()) return;
    const at::NoGradGuard no_grad;
    averages_.resize(parameters_.size());
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const at::Tensor& master = parameters_[i]->master;
      if (averages_[i].defined()) {
        averages_[i].copy_(master.detach());
      } else {
        averages_[i] = master.detach().clone(at::MemoryFormat::Preserve);
      }
    }
  }

  /// steps: of the optimiser so far.
  void Follow(int64_t steps) {
    if (!on() || steps % kAverageEvery != 0) return;
    const at::NoGradGuard no_grad;
    const double t = static_cast<double>(steps / kAverageEvery);
    const double decay = std::min(std::pow(decay_, kAverageEvery), (1.0 + t) / (10.0 + t));
    for (size_t i = 0; i < parameters_.size(); ++i) {
      averages_[i].lerp_(parameters_[i]->master.detach(), 1.0 - decay);
    }
  }

 private:
  const std::vector<Parameter*> parameters_;
  const double decay_;
  std::vector<at::Tensor> averages_;
};

void AddNetworkState(std::vector<StateTensor>& state, Adam& adam) {
  for (size_t i = 0; i < adam.parameters().size(); ++i) {
    const Parameter& p = *adam.parameters()[i];
    state.push_back({p.name, p.master.detach()});
    state.push_back({"adam.m." + p.name, adam.moments()[i].m});
    state.push_back({"adam.v." + p.name, adam.moments()[i].v});
  }
}

}  // namespace

struct TrainingEngine::Impl {
  Impl(const Architecture& architecture, const std::vector<std::string>& people, const Placement& placement,
       uint64_t seed, const EngineOptions& options)
      : networks(architecture, people, placement, seed),
        adam(networks.parameters(), architecture.recipe),
        averages(networks.parameters(), architecture.recipe.average_decay) {
    if (options.adversarial) critics = std::make_unique<Critics>(people, placement, seed);
  }

  /// Counters live in tensors while they are saved or restored.
  void CountersToTensors() {
    adam_steps.fill_(adam.steps());
    if (critics) critic_steps.fill_(critics->adam().steps());
  }

  /// Gradients of pieces add up in fp32: in bf16 the later ones would be lost against the sum.
  void TakeGradients() {
    const std::vector<Parameter*> parameters = networks.parameters();
    sums.resize(parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i) {
      at::Tensor& gradient = parameters[i]->compute.mutable_grad();
      if (!gradient.defined()) continue;
      if (sums[i].defined()) {
        sums[i].add_(gradient.to(at::kFloat));
      } else {
        sums[i] = gradient.to(at::kFloat);
      }
      gradient = at::Tensor();
    }
  }
  void GiveGradientsBack() {
    const std::vector<Parameter*> parameters = networks.parameters();
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (sums[i].defined()) {
        parameters[i]->compute.mutable_grad() = sums[i].to(parameters[i]->compute.scalar_type());
      }
    }
    sums.clear();
  }

  SwapNetworks networks;
  Adam adam;
  WeightAverages averages;
  std::vector<at::Tensor> sums;  ///< of the pieces' gradients, fp32; empty between steps
  std::unique_ptr<Critics> critics;
  at::Tensor adam_steps = at::zeros({1}, at::kLong);
  at::Tensor critic_steps = at::zeros({1}, at::kLong);
};

TrainingEngine::TrainingEngine(const Architecture& architecture, const std::vector<std::string>& people,
                               const Placement& placement, uint64_t seed, const EngineOptions& options) {
  if (placement.device.is_cpu()) KeepTensorMemory();
  impl_ = std::make_unique<Impl>(architecture, people, placement, seed, options);
}
TrainingEngine::~TrainingEngine() {
  impl_.reset();
  ReleaseTensorMemory();
}

SwapNetworks& TrainingEngine::networks() { return impl_->networks; }
const SwapNetworks& TrainingEngine::networks() const { return impl_->networks; }

at::Tensor TrainingEngine::Step(const FaceBatch& batch, double learning_rate, double progress, int parts) {
  const DeviceBatch whole = Upload(batch, impl_->networks);
  const int64_t each = whole.targets.front().size(0);
  parts = static_cast<int>(std::clamp<int64_t>(parts, 1, each));
  const double adversarial = impl_->critics ? Critics::Weight(progress) : 0;
  const bool critics_learn = impl_->critics && Critics::Learns(progress);
  at::Tensor errors;
  std::vector<at::Tensor> outputs;
  for (int part = 0; part < parts; ++part) {
    const DeviceBatch piece = parts == 1 ? whole : PartOf(whole, part, parts);
    const double share = static_cast<double>(piece.targets.front().size(0)) / static_cast<double>(each);
    StepLoss loss = MeasureLoss(impl_->networks, piece);
    if (adversarial > 0) loss.total = loss.total + adversarial * impl_->critics->Doubt(loss.outputs, piece);
    (parts == 1 ? loss.total : loss.total * share).backward();
    if (parts > 1) impl_->TakeGradients();
    if (critics_learn) impl_->critics->Learn(loss.outputs, piece, share);
    const at::Tensor measured = at::stack(loss.errors) * share;
    errors = part == 0 ? measured : errors + measured;
  }
  if (parts > 1) impl_->GiveGradientsBack();
  impl_->adam.Step(learning_rate);
  if (critics_learn) impl_->critics->Step();
  impl_->averages.Follow(impl_->adam.steps());
  return errors;
}

void TrainingEngine::DropGradients() {
  for (Parameter* p : impl_->networks.parameters()) p->compute.mutable_grad() = at::Tensor();
  impl_->sums.clear();
  if (impl_->critics) impl_->critics->DropGradients();
  ReleaseTensorMemory();
}

std::vector<StateTensor> TrainingEngine::State() {
  impl_->CountersToTensors();
  std::vector<StateTensor> state;
  AddNetworkState(state, impl_->adam);
  state.push_back({"adam.steps", impl_->adam_steps});
  if (impl_->averages.on()) {
    for (const StateTensor& average : AveragedWeights()) {
      state.push_back({"average." + average.name, average.tensor});
    }
  }
  if (impl_->critics) {
    AddNetworkState(state, impl_->critics->adam());
    state.push_back({"critics.steps", impl_->critic_steps});
  }
  return state;
}

void TrainingEngine::Restored() {
  Impl& i = *impl_;
  i.networks.encoder.RoundMasters();
  for (auto& [person, decoder] : i.networks.decoders) decoder.RoundMasters();
  i.adam.set_steps(i.adam_steps.item<int64_t>());
  if (i.critics) {
    i.critics->Restored();
    i.critics->adam().set_steps(i.critic_steps.item<int64_t>());
  }
}

void TrainingEngine::ResetAverages() { impl_->averages.Reset(); }

std::vector<StateTensor> TrainingEngine::AveragedWeights() const {
  std::vector<StateTensor> weights;
  const std::vector<Parameter*> parameters = impl_->networks.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    weights.push_back({parameters[i]->name, impl_->averages.on() ? impl_->averages.averages()[i]
                                                                 : parameters[i]->master.detach()});
  }
  return weights;
}

TrainingEngine::Averaged::Averaged(TrainingEngine& engine) : engine_(engine) {
  if (!engine_.impl_->averages.on()) return;
  const at::NoGradGuard no_grad;
  const std::vector<Parameter*> parameters = engine_.impl_->networks.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    // A tensor of its own: in fp32 the computing one is the master itself, which must stay as it is.
    parameters[i]->compute =
        engine_.impl_->averages.averages()[i].to(engine_.impl_->networks.placement.type).detach();
  }
}

TrainingEngine::Averaged::~Averaged() {
  if (!engine_.impl_->averages.on()) return;
  engine_.impl_->networks.encoder.RoundMasters();
  for (auto& [person, decoder] : engine_.impl_->networks.decoders) decoder.RoundMasters();
}

double LearningRate(const TrainingRecipe& recipe, double base_rate, int64_t iteration, double progress) {
  const double rise =
      recipe.warm_up > 0 ? std::min(1.0, (static_cast<double>(iteration) + 1.0) / static_cast<double>(recipe.warm_up))
                         : 1.0;
  const double late = std::clamp(2.0 * progress - 1.0, 0.0, 1.0);
  return base_rate * rise * (1.0 + (recipe.final_rate - 1.0) * late);
}

}  // namespace reelswap
