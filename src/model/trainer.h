#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <opencv2/core.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/faces.h"
#include "core/progress.h"
#include "model/swapped_crop.h"

namespace reelswap {

/// What a network expects and gives.
struct ArchitectureInfo {
  std::string name;            ///< "original", "lowmem", "light", "hd128"
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
  std::vector<HeadPose> poses;                ///< of each image, or empty: rare poses are then shown more often
  std::vector<Landmarks> landmarks;           ///< of each image in its px, or empty: the face's own mask
};

struct TrainOptions {
  std::string architecture = "original";
  int batch = 64;               ///< faces per person and step
  int64_t iterations = 40000;   ///< stop after so many steps in total (over resumes)
  double max_hours = 0;         ///< of this model's total training time (without scoring and previews); 0 = no limit
  int until_minute = -1;        ///< stop at this minute of the local day (07:00 = 420), the next one to come; -1 = no
  bool plateau = false;         ///< stop when the held-out score has not risen for a while (needs a scorer)
  int64_t save_every = 500;     ///< steps between checkpoints
  int64_t preview_every = 250;  ///< steps between preview pictures; those that would take over 5 % of the time are left out
  int64_t score_every = 0;      ///< steps between held-out scores; 0 = chosen so that scoring takes about 3 % of the time
  int64_t milestone_every = 0;  ///< steps between kept weights; 0 = ten checkpoints' distance
  bool adversarial = false;     ///< a critic sharpens the last fifth of the training
  double learning_rate = 0;     ///< 0 = the architecture's own (original: 5e-5, Adam beta 0.5/0.999)
  uint64_t seed = 1;
  std::string device = "auto";     ///< auto | cpu | cuda
  std::string precision = "auto";  ///< auto: bf16 with fp32 master weights where the hardware has it; fp32
  int threads = 0;                 ///< LibTorch threads; 0 = all cores
};

/// Mean loss over a stretch of iterations, per person.
struct HistoryPoint {
  int64_t iteration = 0;
  double seconds = 0;                  ///< training time up to here (without scoring and previews)
  std::map<std::string, double> loss;  ///< person -> mean absolute error in [0,1]; inside the mask where the loss is
};

/// Crops of the architecture's input through a person's decoder -> crops of its output, each with the network's own
/// mask where the architecture draws one.
using SwapFunction =
    std::function<std::vector<SwappedCrop>(std::span<const cv::Mat> crops, const std::string& person)>;

/// How good a model is on faces that it never learns from.
struct HeldOutScore {
  double score = 0;                       ///< the number that decides; higher is better, 1 = perfect
  std::map<std::string, double> numbers;  ///< everything measured, by name
};

/// A score during the training.
struct ScorePoint {
  int64_t iteration = 0;
  double seconds = 0;  ///< training time up to here
  HeldOutScore result;
};

/// What others do with the model while it learns. Called on the training's thread with the averaged weights;
/// what they throw ends the training like any other error (the checkpoint stays).
struct TrainHooks {
  /// Names what `score` is taken on. Scores of another key are not comparable: a training that goes on with another
  /// key forgets them, and its earlier best weights are set aside.
  std::string score_key;
  std::function<HeldOutScore(const SwapFunction&)> score;                         ///< empty: no scores
  std::function<void(const SwapFunction&, int64_t iteration, double seconds)> preview;  ///< with every preview
  /// Called with a finished picture that shows swapped faces, under its temporary name, before it gets its final
  /// one; may rewrite it. Empty: not marked.
  std::function<void(const std::filesystem::path& picture)> mark;
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
  std::string stop_reason;   ///< "iterations", "hours", "until", "plateau", "interrupted", "already finished"
  std::optional<ScorePoint> best;   ///< the checkpoint that ships; empty without a scorer
  std::vector<ScorePoint> scores;   ///< by iteration
  int64_t rollbacks = 0;            ///< times the loss was no longer a number or ran away, over all resumes
  int batch_parts = 1;              ///< pieces a batch had to be cut into for want of memory
  std::string device;        ///< "cpu (bf16)", "cuda: NVIDIA ..."
  std::vector<HistoryPoint> history;
};

/// Trains a shared encoder with one decoder per person. What it keeps in `folder`:
///   checkpoint.safetensors           everything that going on exactly needs, with checksums
///   checkpoint.previous.safetensors  the one before
///   best.safetensors                 averaged weights of the best held-out score (with hooks.score)
///   milestone_<iteration>.safetensors  averaged weights on the way, at most 5, spread over the training
///   history.csv                      losses, scores and every number measured with them
///   preview.png                      a fixed set of faces of each person: original, self-reconstruction, swapped;
///                                    as hooks.mark leaves it
///   loss.png                         losses and scores as curves
/// Resumes from the checkpoint when one is there and fits (same architecture, people, geometry): on one device with
/// the same options and number of threads the weights come out as without the interruption, bit for bit on the CPU
/// with one thread and a limit of iterations; a newest checkpoint that is damaged is set aside and the previous one
/// used. A finished training returns at once. `base_weights` (safetensors) starts the encoder and the decoders when
/// there is no checkpoint yet: a person gets the decoder of the same name where the base has one, the others get
/// the base's unused decoders in order, then its decoders in turn.
/// A loss that is no number, runs far away from what it was or stays where it is because the network answers every
/// face alike rolls the training back to the last good checkpoint (or its start) with half the learning rate and
/// other batches; the third time in a row without a new checkpoint in between is an Error(kModel). When memory is
/// short a batch goes through in pieces.
/// Stops at the first of: iterations, max_hours, until_minute, plateau (no score of the last third of the scored
/// iterations is more than 0.002 above the best before it, from 8 scores on), a stop request. An interrupted
/// training is not scored once more.
/// Throws Error(kFaces) when a person has fewer faces than the batch, Error(kModel) when a file does not fit (says
/// what differs), Error(kDisk) when the disk is full (the last checkpoints stay), Error(kUsage) for a plateau
/// without a score. One training per process at a time.
TrainSummary TrainModel(const std::filesystem::path& folder, const std::vector<TrainingFaces>& people,
                        const CropGeometry& image_geometry, const TrainOptions& options,
                        const std::optional<std::filesystem::path>& base_weights, ProgressSink& progress,
                        std::stop_token stop, const TrainHooks& hooks = {});

/// Writes weights only (encoder and decoders by person, with architecture and geometry in the
/// header) from a checkpoint, its averaged ones where it has them: what the library stores and FaceSwapper loads.
void ExportWeights(const std::filesystem::path& checkpoint, const std::filesystem::path& weights);

/// Writes the weights that a training ships: those of its best score where it was scored, else the averaged ones of
/// its newest valid checkpoint (also, with a warning, when the best ones are damaged). Throws Error(kModel) when
/// the folder holds no trained model.
void ExportShipped(const std::filesystem::path& folder, const std::filesystem::path& weights);

}  // namespace reelswap
