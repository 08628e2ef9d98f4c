#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "model/history_csv.h"
#include "model/torch/output_look.h"
#include "model/torch/preview.h"
#include "model/torch/swap_call.h"
#include "model/torch/training_run.h"
#include "model/training_pictures.h"

namespace reelswap {
namespace {

constexpr size_t kMilestones = 5;

/// No unmarked picture of swapped faces lies under a final name.
void WriteMarkedPhoto(const std::filesystem::path& path, const cv::Mat& bgr, const TrainHooks& hooks) {
  const std::filesystem::path temporary = TemporaryPathFor(path);
  try {
    WritePhoto(temporary, bgr);
    if (hooks.mark) hooks.mark(temporary);
    CommitFile(temporary, path);
  } catch (...) {
    std::error_code ec;
    std::filesystem::remove(temporary, ec);
    throw;
  }
}

}  // namespace

LossWatch::Verdict TrainingRun::Examine() {
  // The losses so far were those of weights before their last update; what is kept was itself seen to be good.
  std::vector<double> errors;
  LossWatch::Verdict verdict = verdict_;
  for (const OutputLook& look : LookAtOutputs(engine_->networks(), batch_)) {
    if (!std::isfinite(look.error)) {
      throw Diverged(fmt::format("the loss of {} is no longer a number", names_[errors.size()]));
    }
    if (LooksDead(look)) verdict = LossWatch::Verdict::kDoubtful;
    errors.push_back(look.error);
  }
  return verdict == LossWatch::Verdict::kGood ? losses_.Judge(errors) : verdict;
}

void TrainingRun::KeepWeights() {
  ReadLosses();
  // What is doubtful now is looked at again after every step, until it is good again or rolled back.
  if (Examine() != LossWatch::Verdict::kGood) return;
  if (auto point = book_.TakePoint(state_.iteration, watch_->Total())) state_.history.push_back(std::move(*point));
  state_.seconds = watch_->Total();
  if (milestone_due_) WriteMilestone();
  if (save_due_) SaveState();
}

void TrainingRun::SaveState() {
  SaveCheckpoint(job_.folder, *engine_, state_);
  save_due_ = false;
  saved_at_ = state_.iteration;
  failures_ = 0;
  WriteTable();
}

void TrainingRun::WriteMilestone() {
  WriteAveragedWeights(MilestonePath(job_.folder, state_.iteration), *engine_, state_, std::nullopt);
  milestone_due_ = false;
  for (const int64_t iteration : MilestonesToDrop(ListMilestones(job_.folder), kMilestones)) {
    std::error_code ec;
    std::filesystem::remove(MilestonePath(job_.folder, iteration), ec);
    if (ec) LogWarning(fmt::format("cannot remove the milestone {}: {}", iteration, ec.message()));
  }
}

void TrainingRun::AdoptBest() {
  const std::filesystem::path path = BestPath(job_.folder);
  std::error_code ec;
  if (!state_.best && !std::filesystem::exists(path, ec)) return;
  try {
    SafetensorsFile file(path);
    file.Verify();
    // Written after the checkpoint that this run goes on from: still the best.
    const std::optional<ScorePoint> stored = ParseMetadata(path, file.metadata()).score;
    if (stored && (!state_.best || stored->result.score > state_.best->result.score)) state_.best = stored;
  } catch (const Error& damage) {
    LogWarning(fmt::format("{}; the next score counts as the best", damage.what()));
    state_.best.reset();
  }
}

void TrainingRun::ForgetOtherScores() {
  if (!job_.hooks.score || state_.score_key == job_.hooks.score_key) {
    return;
  }
  if (!state_.scores.empty()) {
    LogInfo("what the scores are taken on has changed: the best weights so far are set aside, scoring starts anew");
    SetBestAside(job_.folder);
  }
  state_.scores.clear();
  state_.best.reset();
  state_.score_key = job_.hooks.score_key;
}

SwapFunction TrainingRun::Swap() const {
  return [this](std::span<const cv::Mat> crops, const std::string& person) {
    return SwapCrops(engine_->networks(), crops, person);
  };
}

void TrainingRun::Score() {
  const double seconds = watch_->Total();
  const Stopwatch::Pause pause(*watch_);
  ScorePoint point{state_.iteration, seconds, {}};
  {
    const TrainingEngine::Averaged averaged(*engine_);
    point.result = job_.hooks.score(Swap());
  }
  if (!std::isfinite(point.result.score)) {
    LogWarning(fmt::format("the held-out score at iteration {} is no number; it does not count", state_.iteration));
  } else {
    state_.scores.push_back(point);
    const double best = state_.best ? state_.best->result.score : point.result.score;
    // Of equals the earlier ones; but while scores are at their floor, the most trained weights are the best guess.
    const bool floor = point.result.score <= 0 && point.result.score >= best;
    if (!state_.best || point.result.score > best || floor) {
      state_.seconds = seconds;
      WriteAveragedWeights(BestPath(job_.folder), *engine_, state_, point);
      state_.best = point;
    }
  }
  scoring_.Done(state_.iteration, seconds, pause.Seconds());
  state_.score_cost_seconds = scoring_.cost();
  WriteTable();
}

void TrainingRun::ShowPictures(bool with_hook) {
  const double seconds = watch_->Total();
  const Stopwatch::Pause pause(*watch_);
  ReadLosses();
  const TrainingEngine::Averaged averaged(*engine_);
  const std::string title =
      fmt::format("{}, iteration {}, {:.1f} minutes", job_.options.architecture, state_.iteration, seconds / 60);
  WriteMarkedPhoto(
      job_.folder / "preview.png",
      DrawPreview(RenderPreview(engine_->networks(), job_.people, job_.image_geometry, state_.seed), title),
      job_.hooks);
  WritePhoto(job_.folder / "loss.png",
             DrawTrainingChart(state_.history, state_.scores, names_, "mean absolute error, " + title));
  if (with_hook && job_.hooks.preview) job_.hooks.preview(Swap(), state_.iteration, seconds);
  shown_at_ = state_.iteration;
  showing_.Done(state_.iteration, seconds, pause.Seconds());
}

void TrainingRun::WriteTable() {
  WriteFileAtomically(job_.folder / "history.csv", HistoryCsv(state_.history, state_.scores, names_));
}

}  // namespace reelswap
