#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "model/trainer.h"
#include "model/training_clock.h"

namespace reelswap {

/// What TrainModel is called with.
struct TrainingJob {
  std::filesystem::path folder;
  const std::vector<TrainingFaces>& people;
  CropGeometry image_geometry;
  TrainOptions options;
  std::optional<std::filesystem::path> base_weights;
  ProgressSink& progress;
  std::stop_token stop;
  const TrainHooks& hooks;
};

/// Where tests take hold of a training.
struct TrainingSeams {
  TrainingClock clock = MachineClock();
  /// Before every attempt at a step; may throw what an allocator throws.
  std::function<void(int64_t iteration, int parts)> before_step;
  /// Losses of the steps up to `iteration` since the last call, by person; may change them.
  std::function<void(int64_t iteration, std::vector<double>& losses)> seen_losses;
};

/// TrainModel after its arguments are checked.
TrainSummary RunTraining(const TrainingJob& job, const TrainingSeams& seams = {});

}  // namespace reelswap
