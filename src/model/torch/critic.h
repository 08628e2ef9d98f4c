#pragma once

#include <string>
#include <vector>

#include "model/torch/adam.h"
#include "model/torch/training_step.h"

namespace reelswap {

/// One small network per person that tells their real pictures from made ones, patch by patch (Isola et al.
/// 2017), with least squares as the measure (Mao et al. 2017). In the last part of a training it makes up for what
/// mean errors leave soft. It learns a little earlier than it is listened to.
class Critics {
 public:
  Critics(const std::vector<std::string>& people, const Placement& placement, uint64_t seed);

  /// How much the critics' doubt counts in the loss at a point of the training (0 .. 1): 0 until four fifths,
  /// then rising for a twentieth of it.
  static double Weight(double progress);
  /// Whether they learn at that point.
  static bool Learns(double progress);

  /// How unreal they find the decoders' outputs (before the sigmoid), summed over the people; differentiable.
  /// Where the batch has masks, only what lies inside them is looked at.
  at::Tensor Doubt(const std::vector<at::Tensor>& outputs, const DeviceBatch& batch) const;
  /// Adds the gradients of telling `outputs` from the batch's own pictures; what Doubt left behind is dropped first.
  void Learn(const std::vector<at::Tensor>& outputs, const DeviceBatch& batch, double share);
  /// Applies the gradients.
  void Step();
  void DropGradients();
  /// Makes what is computed with follow the restored masters.
  void Restored();
  Adam& adam() { return adam_; }

 private:
  std::vector<Parameter*> Parameters();
  at::Tensor Judge(size_t person, const at::Tensor& pictures) const;

  Placement placement_;
  std::vector<Network> networks_;
  Adam adam_;
  std::vector<at::Tensor> gradients_;  ///< fp32 sums over the parts of a batch
};

}  // namespace reelswap
