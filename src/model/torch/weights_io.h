#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "model/model_metadata.h"
#include "model/safetensors.h"
#include "model/torch/networks.h"
#include "model/torch/training_engine.h"
#include "model/training_folder.h"
#include "model/training_state.h"

namespace reelswap {

/// Fills the masters of one network from tensors named with `stored_prefix` instead of its own prefix.
/// Throws Error(kModel) when one is missing, has another shape or type, or holds NaN or infinity.
void LoadNetwork(SafetensorsFile& file, const std::string& stored_prefix, Network& network);

/// "average." in a checkpoint that holds averaged weights, else "".
std::string AveragePrefix(const SafetensorsFile& file);

/// A tensor of a training is no longer made of numbers; what() says which.
struct NotFinite : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes the engine and the state so that a valid checkpoint is on disk at every instant: the present one
/// becomes the previous one, then the new one takes its name. One tensor at a time is copied, so this needs
/// little memory. Throws Error(kDisk), or NotFinite; the present checkpoint is then untouched.
void SaveCheckpoint(const std::filesystem::path& folder, TrainingEngine& engine, const TrainingState& state);

/// Restores the engine from a checkpoint. One without averages (written before there were any) lets them start
/// from its weights; critics that it does not know start anew. Throws Error(kModel).
void RestoreEngine(SafetensorsFile& file, TrainingEngine& engine);
TrainingState LoadTrainingState(SafetensorsFile& file, const ModelMetadata& metadata);

/// Averaged weights as they are now, under a final name. score: of these weights, where known. Throws Error(kDisk),
/// or NotFinite.
void WriteAveragedWeights(const std::filesystem::path& path, const TrainingEngine& engine, const TrainingState& state,
                          const std::optional<ScorePoint>& score);

struct FoundCheckpoint {
  std::filesystem::path path;
  ModelMetadata metadata;
  bool newest_damaged = false;  ///< the newest is there but could not be used
};
/// The newest valid checkpoint of a folder, every byte of it verified: the previous one, with a warning, when the
/// newest is damaged or missing; empty when there is none. Throws Error(kModel) when all that are there are
/// damaged.
std::optional<FoundCheckpoint> FindCheckpoint(const std::filesystem::path& folder);

}  // namespace reelswap
