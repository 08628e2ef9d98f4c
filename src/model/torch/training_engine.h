#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/face_loader.h"
#include "model/torch/networks.h"

namespace reelswap {

/// A tensor of the training's state by the name it has in a checkpoint. fp32 (or int64 for counters).
struct StateTensor {
  std::string name;
  at::Tensor tensor;  ///< shares memory with the engine: reading saves, copy_() into it restores
};

struct EngineOptions {
  bool adversarial = false;  ///< a critic per person sharpens the last part of the training
};

/// Everything that learns: networks, optimiser, running averages of the weights, critics. One step at a
/// time, for one thread.
class TrainingEngine {
 public:
  TrainingEngine(const Architecture& architecture, const std::vector<std::string>& people,
                 const Placement& placement, uint64_t seed, const EngineOptions& options = {});
  ~TrainingEngine();

  /// Learns from a batch. progress: 0 at the start of the training, 1 at its end. Returns the mean absolute
  /// error of each person in [0,1] (fp32, on the device, not read back). parts: the batch goes through in so
  /// many pieces whose gradients add up (the same result up to rounding, but for how near people's codes lie, which is
  /// seen piece by piece, and not in pieces of fewer than four faces; less memory); throws what the
  /// allocator throws when memory is short, and then has learnt nothing: call DropGradients and try again.
  at::Tensor Step(const FaceBatch& batch, double learning_rate, double progress, int parts = 1);
  void DropGradients();

  /// All that a checkpoint must hold: "encoder.0.weight", "adam.m.encoder.0.weight", "average.encoder.0.weight",
  /// "adam.steps", ... in a fixed order. After restoring call Restored().
  std::vector<StateTensor> State();
  /// Makes what is computed with follow the restored masters.
  void Restored();
  /// The averages start anew from the present weights (after a base was loaded).
  void ResetAverages();

  SwapNetworks& networks();
  const SwapNetworks& networks() const;

  /// While this lives the networks compute with the averaged weights (what is shown, scored and shipped)
  /// instead of the last ones. No Step meanwhile.
  class Averaged {
   public:
    explicit Averaged(TrainingEngine& engine);
    ~Averaged();
    Averaged(const Averaged&) = delete;
    Averaged& operator=(const Averaged&) = delete;

   private:
    TrainingEngine& engine_;
  };
  /// fp32 averaged weight of every parameter, by the parameter's own name: what ExportWeights writes.
  std::vector<StateTensor> AveragedWeights() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Learning rate of a step. progress: 0 at the start, 1 at the end of the training.
double LearningRate(const TrainingRecipe& recipe, double base_rate, int64_t iteration, double progress);

}  // namespace reelswap
