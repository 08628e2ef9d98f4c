#pragma once

#include <memory>
#include <vector>

#include "model/trainer.h"
#include "pipeline/run_context.h"

namespace reelswap {

/// Shows during a training what it will be used for: model/preview_target.mp4, the beginning of the project's own
/// first video target side by side with its swap, and model/preview_poses.png, that target's best, median and worst
/// poses (by how far the nearest training face of the shown person is from them). Both carry label and marks
/// like every output. The target is decoded and searched once; its frames are kept small and bounded.
/// Not thread-safe.
class PreviewClip {
 public:
  /// people: with poses; empty poses: the target's poses are ranked by their distance from frontal.
  /// context outlives this object.
  PreviewClip(const RunContext& context, const std::vector<TrainingFaces>& people, const CropGeometry& input,
              const CropGeometry& output);
  ~PreviewClip();

  /// Writes both, unless previews have already cost more than a twentieth of the time since construction. A
  /// target that is not downloaded yet is left for the next time. Failures are warnings, never thrown.
  void Update(const SwapFunction& swap);
  /// Writes both whatever it costs: at the end, with the weights that ship.
  void Finish(const SwapFunction& swap);

  /// What lies in the model's folder.
  static std::filesystem::path VideoPath(const Workspace& workspace) { return workspace.Model() / "preview_target.mp4"; }
  static std::filesystem::path PosesPath(const Workspace& workspace) { return workspace.Model() / "preview_poses.png"; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reelswap
