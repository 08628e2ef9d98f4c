#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "model/model_metadata.h"
#include "model/safetensors.h"
#include "model/torch/adam.h"
#include "model/torch/networks.h"

namespace reelswap {

/// What a checkpoint holds beside the weights.
struct TrainingState {
  int64_t iteration = 0;
  double seconds = 0;
  uint64_t seed = 1;
  CropGeometry image_geometry;
  std::vector<HistoryPoint> history;
};

/// Names inside a training's folder.
std::filesystem::path CheckpointPath(const std::filesystem::path& folder);
std::filesystem::path PreviousCheckpointPath(const std::filesystem::path& folder);

/// Fills the masters of one network from tensors named with `stored_prefix` instead of its own prefix.
/// Throws Error(kModel) when one is missing, has another shape or type, or holds NaN or infinity.
void LoadNetwork(SafetensorsFile& file, const std::string& stored_prefix, Network& network);

/// Writes weights, moments, iteration and history so that a valid checkpoint is on disk at every
/// instant: the present one becomes the previous one, then the new one takes its name. Throws Error(kDisk).
void SaveCheckpoint(const std::filesystem::path& folder, SwapNetworks& networks, Adam& adam,
                    const TrainingState& state);

/// The newest readable checkpoint of a folder: the previous one, with a warning, when the newest is
/// damaged or missing; empty when there is none. Throws Error(kModel) when all that are there are damaged.
std::optional<std::filesystem::path> FindCheckpoint(const std::filesystem::path& folder);

/// History and counters alone (cheap).
TrainingState LoadTrainingState(SafetensorsFile& file, const ModelMetadata& metadata);
/// Writes the masters alone. Throws Error(kDisk).
void WriteWeights(const std::filesystem::path& path, const ModelMetadata& metadata, SwapNetworks& networks);
/// Weights and moments. Throws Error(kModel).
void LoadCheckpointTensors(SafetensorsFile& file, SwapNetworks& networks, Adam& adam);

}  // namespace reelswap
