#pragma once

#include "model/trainer.h"

namespace reelswap {

/// What a checkpoint holds beside the tensors of the engine.
struct TrainingState {
  int64_t iteration = 0;
  double seconds = 0;  ///< of training, in all runs
  uint64_t seed = 1;
  CropGeometry image_geometry;
  std::vector<HistoryPoint> history;
  std::vector<ScorePoint> scores;   ///< by iteration
  std::optional<ScorePoint> best;   ///< what best.safetensors holds
  double score_cost_seconds = 0;    ///< of the last score
  double rate_factor = 1;           ///< of the learning rate, halved by every rollback
  int64_t rollbacks = 0;
  int batch_parts = 1;              ///< pieces a batch has to be cut into for want of memory
  std::string score_key;            ///< what the scores were taken on, see TrainHooks
};

}  // namespace reelswap
