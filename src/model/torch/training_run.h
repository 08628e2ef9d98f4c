#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/face_loader.h"
#include "model/loss_book.h"
#include "model/loss_watch.h"
#include "model/stop_rules.h"
#include "model/torch/training_engine.h"
#include "model/torch/weights_io.h"
#include "model/training_clock.h"
#include "model/training_loop.h"
#include "model/training_state.h"

namespace reelswap {

/// The training has gone wrong: what() says how. Caught by the loop, which rolls back.
struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One run of a training: everything between the checks and the summary.
class TrainingRun {
 public:
  /// Starts anew from the seed and the base, or goes on from `found`.
  TrainingRun(const TrainingJob& job, const TrainingSeams& seams, const std::optional<FoundCheckpoint>& found);
  TrainSummary Run();

 private:
  // training_run.cpp: the loop
  void Start(const std::optional<FoundCheckpoint>& found);
  void MakeLoader();
  std::string StopReason() const;
  double Progress() const;
  void OneStep();
  at::Tensor StepWithinMemory(double progress);
  void ReadLosses();
  void LookAfterLosses();
  void RollBack(const Diverged& trouble);
  void Finish(const std::string& reason);
  double ImagesPerSecond() const;
  void ReportProgress(bool last);
  TrainSummary Summary(const std::string& reason) const;

  // training_keep.cpp: what goes to the folder
  LossWatch::Verdict Examine();
  void KeepWeights();
  void SaveState();
  void WriteMilestone();
  void AdoptBest();
  void ForgetOtherScores();
  void Score();
  void ShowPictures(bool with_hook);
  void WriteTable();
  SwapFunction Swap() const;

  const TrainingJob& job_;
  const TrainingSeams& seams_;
  const std::vector<std::string> names_;
  const Placement placement_;
  std::unique_ptr<TrainingEngine> engine_;
  std::unique_ptr<FaceLoader> loader_;
  TrainingState state_;
  bool resumed_ = false;

  std::unique_ptr<Stopwatch> watch_;
  StopRules rules_;
  CostSchedule scoring_, showing_;
  LossBook book_;
  LossWatch losses_;
  LossWatch::Verdict verdict_ = LossWatch::Verdict::kGood;  ///< of the last window and look
  at::Tensor sums_;                                         ///< of losses not read yet, by person, on the device
  int64_t summed_ = 0;
  FaceBatch batch_;  ///< the last one

  int64_t first_iteration_ = 0;  ///< of this run
  int64_t steps_ = 0;            ///< of this run, also those rolled back
  int failures_ = 0;             ///< rollbacks since the last checkpoint was written
  bool save_due_ = false, milestone_due_ = false;
  int64_t saved_at_ = -1, shown_at_ = -1;
  double reported_at_ = -1;
};

}  // namespace reelswap
