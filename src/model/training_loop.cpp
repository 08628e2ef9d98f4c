#include "model/training_loop.h"

#include "core/error.h"
#include "model/torch/training_run.h"
#include "model/training_checks.h"

namespace reelswap {
namespace {

TrainSummary FinishedSummary(const TrainingState& state, const TrainOptions& options) {
  TrainSummary summary;
  summary.iterations = state.iteration;
  summary.seconds = state.seconds;
  summary.resumed = true;
  summary.already_finished = true;
  summary.stop_reason = "already finished";
  summary.best = state.best;
  summary.scores = state.scores;
  summary.rollbacks = state.rollbacks;
  summary.batch_parts = state.batch_parts;
  summary.device = DescribePlacement(ChoosePlacement(options.device, options.precision));
  summary.history = state.history;
  return summary;
}

/// Gives the caller's thread its number of LibTorch threads back.
class TorchThreads {
 public:
  explicit TorchThreads(int threads) : before_(SetTorchThreads(threads)) {}
  ~TorchThreads() { SetTorchThreads(before_); }
  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  int before_;
};

}  // namespace

TrainSummary RunTraining(const TrainingJob& job, const TrainingSeams& seams) {
  if (job.options.plateau && !job.hooks.score) {
    throw Error(ErrorKind::kUsage, "stopping on a plateau needs a held-out score: hold some clips out with "
                                   "evaluate.hold_out or turn on evaluate.actors, or choose another train.stop rule");
  }
  const Architecture& architecture = ArchitectureByName(job.options.architecture);
  const TorchThreads threads(job.options.threads);
  RemoveStaleTemporaries(job.folder);
  const std::optional<FoundCheckpoint> found = FindCheckpoint(job.folder);
  if (found) {
    CheckResumable(found->path, found->metadata, architecture, job.people, job.image_geometry);
    SafetensorsFile file(found->path);
    const TrainingState state = LoadTrainingState(file, found->metadata);
    if (Finished(job.options, state.iteration, state.seconds, state.scores)) return FinishedSummary(state, job.options);
  }
  CheckFaceCounts(job.people, job.options.batch);
  CheckLandmarks(job.people, architecture);
  if (!found) SetEarlierWeightsAside(job.folder);
  if (found && found->newest_damaged) SetDamagedAside(job.folder);
  return TrainingRun(job, seams, found).Run();
}

}  // namespace reelswap
