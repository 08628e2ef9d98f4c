#pragma once

#include <vector>

#include "model/architecture.h"
#include "model/torch/networks.h"

namespace reelswap {

/// Adam over fp32 masters with gradients of the computing copies; on the CPU one fused pass over
/// each weight, on CUDA one launch per operation for all weights together.
class Adam {
 public:
  Adam(std::vector<Parameter*> parameters, const TrainingRecipe& recipe);
  /// Applies the gradients and drops them.
  void Step(double learning_rate);

  struct Moments {
    at::Tensor m;  ///< fp32, the master's layout
    at::Tensor v;
  };
  std::vector<Moments>& moments() { return moments_; }
  const std::vector<Parameter*>& parameters() const { return parameters_; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }

 private:
  void StepOnCpu(double rate, double v_scale);
  void StepOnCuda(double rate, double v_scale);

  std::vector<Parameter*> parameters_;
  std::vector<Moments> moments_;
  TrainingRecipe recipe_;
  int64_t steps_ = 0;
};

}  // namespace reelswap
