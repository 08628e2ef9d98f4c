#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "model/architecture.h"
#include "model/out_of_memory.h"
#include "model/torch/base_weights.h"
#include "model/torch/output_look.h"
#include "model/torch/training_run.h"
#include "model/training_checks.h"

namespace reelswap {
namespace {

/// The loss is read back every so many steps on CUDA: reading it makes the GPU wait, and every step that still
/// runs after a NaN is wasted. On the CPU there is nothing to wait for.
constexpr int64_t kReadEvery = 10;
constexpr int kFailures = 3;  // in a row that end a training
constexpr double kScoringShare = 0.03, kShowingShare = 0.05;
constexpr int64_t kFirstScore = 100;
constexpr double kReportSeconds = 0.25;

EngineOptions OptionsOf(const TrainOptions& options) {
  EngineOptions engine;
  engine.adversarial = options.adversarial;
  return engine;
}

double BaseRate(const TrainOptions& options, const TrainingRecipe& recipe) {
  return options.learning_rate > 0 ? options.learning_rate : recipe.learning_rate;
}

}  // namespace

TrainingRun::TrainingRun(const TrainingJob& job, const TrainingSeams& seams,
                         const std::optional<FoundCheckpoint>& found)
    : job_(job),
      seams_(seams),
      names_(NamesOf(job.people)),
      placement_(ChoosePlacement(job.options.device, job.options.precision)),
      rules_(job.options, seams.clock.now()),
      scoring_(job.options.score_every, std::min(kFirstScore, job.options.iterations), kScoringShare, false),
      showing_(job.options.preview_every, 0, kShowingShare, true),
      book_(names_) {
  Start(found);
  resumed_ = found.has_value();
  first_iteration_ = state_.iteration;
  if (found) {
    saved_at_ = state_.iteration;
    ForgetOtherScores();
    AdoptBest();
    if (!state_.scores.empty()) {
      scoring_.GoOnFrom(state_.scores.back().iteration, state_.scores.back().seconds, state_.score_cost_seconds);
    }
  }
  watch_ = std::make_unique<Stopwatch>(seams_.clock, state_.seconds);
}

void TrainingRun::Start(const std::optional<FoundCheckpoint>& found) {
  engine_.reset();  // before the next one is made: two do not fit everywhere
  engine_ = std::make_unique<TrainingEngine>(ArchitectureByName(job_.options.architecture), names_, placement_,
                                             job_.options.seed, OptionsOf(job_.options));
  if (found) {
    SafetensorsFile file(found->path);
    RestoreEngine(file, *engine_);
    state_ = LoadTrainingState(file, found->metadata);
  } else {
    state_ = {};
    state_.score_key = job_.hooks.score_key;
    state_.seed = job_.options.seed;
    state_.image_geometry = job_.image_geometry;
    if (job_.base_weights) {
      LoadBase(*job_.base_weights, engine_->networks());
      engine_->ResetAverages();
    }
  }
  book_.StartFrom(state_.history);
  losses_ = {};
  verdict_ = LossWatch::Verdict::kGood;
  for (const HistoryPoint& point : state_.history) {
    std::vector<double> means;
    for (const std::string& name : names_) means.push_back(point.loss.at(name));
    losses_.Remember(means);
  }
  sums_ = at::Tensor();
  summed_ = 0;
  save_due_ = milestone_due_ = false;
  loader_.reset();
}

void TrainingRun::MakeLoader() {
  // After a rollback other batches: the same ones might lead to the same end.
  const uint64_t seed =
      state_.rollbacks == 0 ? state_.seed : MixKey(state_.seed, static_cast<uint64_t>(state_.rollbacks), 0, 0xba7c);
  // One thread prepares several times what a CPU step takes (see training_bench): a second one would only take a
  // core from it. A GPU needs all the help there is.
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const int workers = placement_.device.is_cuda() ? std::min(cores, 12) : std::max(1, cores / 16);
  FaceLoaderSettings settings = LoaderSettingsFor(engine_->networks().architecture, job_.image_geometry,
                                                  job_.options.batch, seed, workers);
  settings.total_iterations = rules_.ByIterationsOnly() ? job_.options.iterations : 0;
  loader_ = std::make_unique<FaceLoader>(job_.people, settings, state_.iteration);
  loader_->SetProgress(Progress());
}

std::string TrainingRun::StopReason() const {
  const std::string reason =
      rules_.Reason(state_.iteration, watch_->Total(), state_.scores, seams_.clock.now());
  if (!reason.empty()) return reason;
  return job_.stop.stop_requested() ? "interrupted" : "";
}

double TrainingRun::Progress() const {
  return rules_.Progress(state_.iteration, watch_->Total(), seams_.clock.now());
}

TrainSummary TrainingRun::Run() {
  std::string reason;
  for (;;) {
    try {
      reason = StopReason();
      if (reason.empty()) {
        OneStep();
        continue;
      }
      Finish(reason);
      return Summary(reason);
    } catch (const Diverged& trouble) {
      RollBack(trouble);
    } catch (const NotFinite& tensor) {
      RollBack(Diverged(fmt::format("the weights are no longer numbers (\"{}\")", tensor.what())));
    }
  }
}

void TrainingRun::OneStep() {
  if (!loader_) MakeLoader();
  const double progress = Progress();
  loader_->SetProgress(progress);
  batch_ = loader_->Next();
  const at::Tensor losses = StepWithinMemory(progress).detach().to(at::kDouble);
  sums_ = summed_ == 0 ? losses : sums_ + losses;
  ++summed_;
  ++state_.iteration;
  ++steps_;
  LookAfterLosses();
  const TrainOptions& options = job_.options;
  if (job_.hooks.score && scoring_.Due(state_.iteration, watch_->Total())) Score();
  const int64_t milestone_every = options.milestone_every > 0 ? options.milestone_every : 10 * options.save_every;
  save_due_ = save_due_ || state_.iteration % options.save_every == 0;
  milestone_due_ = milestone_due_ || state_.iteration % milestone_every == 0;
  if (save_due_ || milestone_due_) KeepWeights();
  if (showing_.Due(state_.iteration, watch_->Total())) ShowPictures(true);
  ReportProgress(false);
}

at::Tensor TrainingRun::StepWithinMemory(double progress) {
  const TrainingRecipe& recipe = engine_->networks().architecture.recipe;
  const double rate =
      LearningRate(recipe, BaseRate(job_.options, recipe) * state_.rate_factor, state_.iteration, progress);
  for (;;) {
    try {
      if (seams_.before_step) seams_.before_step(state_.iteration, state_.batch_parts);
      return engine_->Step(batch_, rate, progress, state_.batch_parts);
    } catch (const std::exception& e) {
      if (!IsOutOfMemory(e)) throw;
    }
    engine_->DropGradients();
    const int batch = job_.options.batch;
    if (state_.batch_parts >= batch) {
      throw Error(ErrorKind::kModel,
                  fmt::format("memory is too short to train {} even with one face of each person at a time: close "
                              "other programs, or choose a smaller train.architecture",
                              job_.options.architecture));
    }
    const bool first = state_.batch_parts == 1;
    state_.batch_parts = std::min(2 * state_.batch_parts, batch);
    const std::string line = fmt::format("memory is short: batches of {} go through in {} pieces (nearly the same result, a little slower)",
                                         batch, state_.batch_parts);
    first ? LogWarning(line) : LogInfo(line);
  }
}

void TrainingRun::ReadLosses() {
  if (summed_ == 0) return;
  const at::Tensor sums = sums_.to(at::kCPU);
  std::vector<double> losses(sums.data_ptr<double>(), sums.data_ptr<double>() + sums.numel());
  if (seams_.seen_losses) seams_.seen_losses(state_.iteration, losses);
  const int64_t steps = summed_;
  summed_ = 0;
  for (size_t p = 0; p < names_.size(); ++p) {
    if (!std::isfinite(losses[p]))
      throw Diverged(fmt::format("the loss of {} is no longer a number", names_[p]));
  }
  book_.Add(losses, steps);
}

void TrainingRun::LookAfterLosses() {
  if (!placement_.device.is_cuda() || state_.iteration % kReadEvery == 0) ReadLosses();
  const bool window = state_.iteration % LossWatch::kWindow == 0;
  const bool look = state_.iteration % LossWatch::kLookEvery == 0;
  if (!window) return;
  ReadLosses();
  if (auto point = book_.TakePoint(state_.iteration, watch_->Total())) state_.history.push_back(std::move(*point));
  const auto heed = [&](LossWatch::Verdict verdict) {
    if (verdict == LossWatch::Verdict::kLost) {
      throw Diverged(fmt::format("the loss of {} {}", names_[losses_.person()], losses_.reason()));
    }
    verdict_ = verdict == LossWatch::Verdict::kGood ? verdict_ : verdict;
  };
  verdict_ = LossWatch::Verdict::kGood;
  heed(losses_.AddWindow(book_.TakeWindow()));
  if (look) heed(losses_.AddLook(LookAtOutputs(engine_->networks(), batch_)));
}

void TrainingRun::RollBack(const Diverged& trouble) {
  const int64_t at = state_.iteration, rollbacks = state_.rollbacks + 1;
  const double factor = state_.rate_factor / 2;
  const TrainingRecipe recipe = engine_->networks().architecture.recipe;
  const double rate = BaseRate(job_.options, recipe) * state_.rate_factor;
  if (++failures_ >= kFailures) {
    throw Error(ErrorKind::kModel,
                fmt::format("{} at iteration {}, for the third time in a row, last at a learning rate of {:.3g}: lower "
                            "train.learning_rate (the last good checkpoint stays in {})",
                            trouble.what(), at, rate, job_.folder.string()));
  }
  std::optional<FoundCheckpoint> found = FindCheckpoint(job_.folder);
  if (found && found->newest_damaged) SetDamagedAside(job_.folder);
  Start(found);
  if (found) AdoptBest();  // scored after that checkpoint, and good weights all the same
  scoring_.RolledBackTo(state_.iteration);
  showing_.RolledBackTo(state_.iteration);
  state_.rollbacks = rollbacks;
  state_.rate_factor = std::min(state_.rate_factor, factor);
  LogWarning(fmt::format("{} at iteration {}: going on from iteration {} with a learning rate of {:.3g}",
                         trouble.what(), at, state_.iteration, BaseRate(job_.options, recipe) * state_.rate_factor));
}

void TrainingRun::Finish(const std::string& reason) {
  const bool interrupted = reason == "interrupted";
  if (state_.iteration == 0 && steps_ > 0 && !interrupted) {
    throw Error(ErrorKind::kModel, "the training diverged and its time is over before it reached a good checkpoint: "
                                   "lower train.learning_rate");
  }
  if (state_.iteration > 0 && saved_at_ != state_.iteration) {
    const bool scored = !state_.scores.empty() && state_.scores.back().iteration == state_.iteration;
    if (job_.hooks.score && !interrupted && !scored) Score();
    save_due_ = true;
    KeepWeights();
    if (save_due_) {
      const bool time_is_over = reason == "hours" || reason == "until";
      if (!interrupted && !(time_is_over && saved_at_ >= 0)) throw Diverged("the loss is not what it was");
      LogWarning("the training ends while the loss is far from what it had been: the last good checkpoint stays");
    }
    if (shown_at_ != state_.iteration) ShowPictures(!interrupted);
  }
  ReportProgress(true);
}

double TrainingRun::ImagesPerSecond() const {
  const double seconds = watch_->ThisRun();
  return seconds > 0
             ? static_cast<double>(steps_) * job_.options.batch * static_cast<double>(names_.size()) / seconds
             : 0;
}

void TrainingRun::ReportProgress(bool last) {
  const double now = seams_.clock.seconds();
  if (steps_ != 1 && !last && now - reported_at_ < kReportSeconds) return;
  reported_at_ = now;
  std::string losses;
  for (const double loss : book_.shown()) losses += fmt::format("{}{:.4f}", losses.empty() ? "" : " / ", loss);
  ProgressEvent event;
  event.stage = "train";
  event.item = job_.folder.filename().string();
  event.state = last ? ProgressEvent::State::kDone : ProgressEvent::State::kRunning;
  event.done = static_cast<double>(state_.iteration);
  event.total = static_cast<double>(job_.options.iterations);
  event.unit = "iterations";
  event.note = fmt::format("loss {}, {:.0f} images/s", losses, ImagesPerSecond());
  if (!state_.scores.empty()) event.note += fmt::format(", score {:.3f}", state_.scores.back().result.score);
  job_.progress.Report(event);
}

TrainSummary TrainingRun::Summary(const std::string& reason) const {
  TrainSummary summary;
  summary.iterations = state_.iteration;
  summary.iterations_this_run = std::max<int64_t>(0, state_.iteration - first_iteration_);
  summary.seconds = watch_->Total();
  summary.images_per_second = ImagesPerSecond();
  summary.achieved_gflops =
      summary.images_per_second * 3 * FindArchitecture(job_.options.architecture).forward_gflop;
  summary.resumed = resumed_;
  summary.interrupted = reason == "interrupted";
  summary.stop_reason = reason;
  summary.best = state_.best;
  summary.scores = state_.scores;
  summary.rollbacks = state_.rollbacks;
  summary.batch_parts = state_.batch_parts;
  summary.device = DescribePlacement(placement_);
  summary.history = state_.history;
  return summary;
}

}  // namespace reelswap
