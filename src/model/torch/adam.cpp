#include "model/torch/adam.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "model/adam_kernel.h"

namespace reelswap {
namespace {

constexpr double kEpsilon = 1e-7;
constexpr int64_t kGrain = 1 << 16;  // weights per task: large enough to hide the start of a task

}  // namespace

Adam::Adam(std::vector<Parameter*> parameters, const TrainingRecipe& recipe)
    : parameters_(std::move(parameters)), recipe_(recipe) {
  for (const Parameter* p : parameters_) {
    const at::Tensor& w = p->master;
    moments_.push_back(
        {at::zeros_like(w, at::MemoryFormat::Preserve), at::zeros_like(w, at::MemoryFormat::Preserve)});
  }
}

void Adam::Step(double learning_rate) {
  const at::NoGradGuard no_grad;
  ++steps_;
  const double rate = learning_rate / (1.0 - std::pow(recipe_.beta1, steps_));
  const double v_scale = 1.0 / std::sqrt(1.0 - std::pow(recipe_.beta2, steps_));
  if (parameters_.empty()) return;
  if (parameters_.front()->master.is_cuda()) {
    StepOnCuda(rate, v_scale);
  } else {
    StepOnCpu(rate, v_scale);
  }
}

void Adam::StepOnCpu(double rate, double v_scale) {
  const AdamStep step{static_cast<float>(rate), static_cast<float>(recipe_.beta1),
                      static_cast<float>(recipe_.beta2), static_cast<float>(v_scale),
                      static_cast<float>(kEpsilon)};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = *parameters_[i];
    at::Tensor gradient = p.compute.grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != p.master.strides()) {  // all arrays are walked in memory order
      gradient = at::empty_strided(p.master.sizes(), p.master.strides(), gradient.options()).copy_(gradient);
    }
    float* w = p.master.data_ptr<float>();
    float* m = moments_[i].m.data_ptr<float>();
    float* v = moments_[i].v.data_ptr<float>();
    const bool bf16 = gradient.scalar_type() == at::kBFloat16;
    const auto* g16 = bf16 ? static_cast<const uint16_t*>(gradient.data_ptr()) : nullptr;
    const auto* g32 = bf16 ? nullptr : gradient.data_ptr<float>();
    auto* rounded = bf16 ? static_cast<uint16_t*>(p.compute.data_ptr()) : nullptr;
    at::parallel_for(0, p.master.numel(), kGrain, [&](int64_t begin, int64_t end) {
      UpdateAdam(w + begin, m + begin, v + begin, g32 != nullptr ? g32 + begin : nullptr,
                 g16 != nullptr ? g16 + begin : nullptr, rounded != nullptr ? rounded + begin : nullptr,
                 end - begin, step);
    });
    p.compute.mutable_grad() = at::Tensor();
  }
}

void Adam::StepOnCuda(double rate, double v_scale) {
  std::vector<at::Tensor> w, m, v, g;
  std::vector<Parameter*> updated;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = *parameters_[i];
    if (!p.compute.grad().defined()) continue;
    updated.push_back(&p);
    w.push_back(p.master);
    m.push_back(moments_[i].m);
    v.push_back(moments_[i].v);
    g.push_back(p.compute.grad().to(at::kFloat));
  }
  at::_foreach_mul_(m, recipe_.beta1);
  at::_foreach_add_(m, g, 1.0 - recipe_.beta1);
  at::_foreach_mul_(v, recipe_.beta2);
  at::_foreach_addcmul_(v, g, g, 1.0 - recipe_.beta2);
  std::vector<at::Tensor> denominator = at::_foreach_sqrt(v);
  at::_foreach_mul_(denominator, v_scale);
  at::_foreach_add_(denominator, kEpsilon);
  at::_foreach_addcdiv_(w, m, denominator, -rate);
  for (Parameter* p : updated) {
    p->compute.mutable_grad() = at::Tensor();
    if (!p->compute.is_same(p->master)) p->compute.copy_(p->master);
  }
}

}  // namespace reelswap
