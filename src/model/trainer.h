#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/faces.h"
#include "core/progress.h"

namespace reelswap {

/// What a network expects and gives.
struct ArchitectureInfo {
  std::string name;            ///< "original", "lowmem", "light"
  CropGeometry input;          ///< crop the network takes
  CropGeometry output;         ///< crop it gives back: same region, perhaps larger size
  int64_t parameters = 0;      ///< of encoder + two decoders
  double forward_gflop = 0;    ///< encoder + one decoder, one face (2 x multiply-adds)
  int recommended_batch = 64;  ///< faces per person and step that learns fastest
};

/// The known architectures, in the order they are offered.
std::vector<ArchitectureInfo> Architectures();
/// Throws Error(kModel) naming the known ones.
ArchitectureInfo FindArchitecture(const std::string& name);

/// One person's training pictures.
struct TrainingFaces {
  std::string person;
  std::vector<std::filesystem::path> images;  ///< crops of `geometry`, BGR, any order
};

struct TrainOptions {
  std::string architecture = "original";
  int batch = 64;               ///< faces per person and step
  int64_t iterations = 40000;   ///< stop after so many steps in total (over resumes)
  double max_hours = 0;         ///< of this model's total training time; 0 = no limit
  int64_t save_every = 500;     ///< steps between checkpoints
  int64_t preview_every = 250;  ///< steps between preview pictures
  double learning_rate = 0;     ///< 0 = the architecture's own (original: 5e-5, Adam beta 0.5/0.999)
  uint64_t seed = 1;
  std::string device = "auto";     ///< auto | cpu | cuda
  std::string precision = "auto";  ///< auto: bf16 with fp32 master weights where the hardware has it; fp32
  int threads = 0;                 ///< LibTorch threads; 0 = all cores
};

/// Mean loss over a stretch of iterations, per person.
struct HistoryPoint {
  int64_t iteration = 0;
  double seconds = 0;                  ///< training time up to here
  std::map<std::string, double> loss;  ///< person -> mean absolute error in [0,1]
};

struct TrainSummary {
  int64_t iterations = 0;  ///< total
  int64_t iterations_this_run = 0;
  double seconds = 0;            ///< total training time
  double images_per_second = 0;  ///< this run, both sides, augmentation included
  double achieved_gflops = 0;    ///< images_per_second x 3 x forward GFLOP
  bool resumed = false;
  bool already_finished = false;
  bool interrupted = false;  ///< stop was requested; the checkpoint is saved
  std::string stop_reason;   ///< "iterations", "hours", "interrupted", "already finished"
  std::string device;        ///< "cpu (bf16)", "cuda: NVIDIA ..."
  std::vector<HistoryPoint> history;
};

/// Trains a shared encoder with one decoder per person into folder/checkpoint.safetensors
/// (weights, optimiser, iteration, history, crop geometry, seed), folder/preview.png (for a fixed
/// set of faces of each person: original, self-reconstruction, swapped) and folder/loss.png.
/// Resumes from the checkpoint when one is there and fits (same architecture, people, geometry);
/// a finished training returns at once. `base_weights` (safetensors) starts the encoder and the
/// decoders when there is no checkpoint yet: a person gets the decoder of the same name where the
/// base has one, the others get the base's unused decoders in order, then its decoders in turn.
/// Throws Error(kFaces) when a person has fewer faces than the batch, Error(kModel) when the loss is
/// not finite (the last good checkpoint stays) or a file does not fit (says what differs).
/// One training per process at a time.
TrainSummary TrainModel(const std::filesystem::path& folder, const std::vector<TrainingFaces>& people,
                        const CropGeometry& image_geometry, const TrainOptions& options,
                        const std::optional<std::filesystem::path>& base_weights, ProgressSink& progress,
                        std::stop_token stop);

/// Writes weights only (encoder and decoders by person, with architecture and geometry in the
/// header) from a checkpoint: what the library stores and FaceSwapper loads.
void ExportWeights(const std::filesystem::path& checkpoint, const std::filesystem::path& weights);

}  // namespace reelswap
