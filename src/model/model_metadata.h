#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/face_swapper.h"

namespace reelswap {

/// Everything but tensors that a weights file or a checkpoint says, kept in the safetensors metadata.
struct ModelMetadata {
  WeightsInfo info;
  bool checkpoint = false;      ///< holds the optimiser and the history as well
  CropGeometry image_geometry;  ///< of the training pictures (checkpoints)
  double seconds = 0;           ///< of training
  uint64_t seed = 0;
  std::string tool_version;
  std::optional<ScorePoint> score;  ///< weights: of these very weights; checkpoints: the best so far
  // Of checkpoints only. Files of a version that did not write them have these values.
  std::vector<ScorePoint> scores;  ///< by iteration
  double score_cost_seconds = 0;   ///< of the last score
  double rate_factor = 1;          ///< of the learning rate, halved by every rollback
  int64_t rollbacks = 0;
  int batch_parts = 1;  ///< pieces a batch has to be cut into for want of memory
  std::string score_key;  ///< what the scores were taken on, see TrainHooks
};

/// Numbers that are not finite become null and come back as NaN.
std::map<std::string, std::string> FormatMetadata(const ModelMetadata& metadata);

/// Throws Error(kModel) naming `path` when the file is not one of ours or says something impossible.
ModelMetadata ParseMetadata(const std::filesystem::path& path,
                            const std::map<std::string, std::string>& text);

/// "64 px, coverage 1.4, shift 0.1".
std::string Describe(const CropGeometry& geometry);

}  // namespace reelswap
