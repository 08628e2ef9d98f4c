#include "model/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "model/architecture.h"
#include "model/face_loader.h"
#include "model/torch/preview.h"
#include "model/torch/torch_error.h"
#include "model/torch/training_step.h"
#include "model/torch/weights_io.h"
#include "model/training_checks.h"
#include "model/training_pictures.h"

namespace reelswap {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kHistoryEvery = 25;  ///< steps that a history point averages over
/// The loss is looked at every so many steps: reading it makes a GPU wait, and every step that still
/// runs after a NaN is wasted.
constexpr int64_t kCheckEvery = 10;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// For every person the decoder of a base that they start from: the one of their name where there is one; the
/// others take what is left over in the base's order, and its decoders in turn once nothing is left.
std::vector<std::string> DonorsOf(const std::vector<std::string>& people,
                                  const std::vector<std::string>& base) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> spare;
  for (const std::string& name : base) {
    if (!has(people, name)) spare.push_back(name);
  }
  spare.insert(spare.end(), base.begin(), base.end());
  std::vector<std::string> donors;
  size_t taken = 0;
  for (const std::string& person : people) {
    donors.push_back(has(base, person) ? person : spare[taken++ % spare.size()]);
  }
  return donors;
}

/// Encoder and decoders from another model's file.
void LoadBase(const std::filesystem::path& path, SwapNetworks& networks) {
  SafetensorsFile file(path);
  const WeightsInfo info = ParseMetadata(path, file.metadata()).info;
  const std::string cure = " (choose another train.base, or none)";
  CheckSame(path, "architecture", info.architecture, networks.architecture.name, cure);
  CheckSame(path, "input crops of", Describe(info.input), Describe(networks.architecture.input), cure);
  CheckSame(path, "output crops of", Describe(info.output), Describe(networks.architecture.output), cure);
  LoadNetwork(file, networks.encoder.prefix(), networks.encoder);
  std::vector<std::string> people;
  for (const auto& [person, decoder] : networks.decoders) people.push_back(person);
  const std::vector<std::string> donors = DonorsOf(people, info.people);
  for (size_t i = 0; i < donors.size(); ++i) {
    LoadNetwork(file, "decoders." + donors[i], networks.decoders[i].second);
  }
}

/// One training run: everything between the checks and the summary.
class Training {
 public:
  Training(const std::filesystem::path& folder, const std::vector<TrainingFaces>& people,
           const CropGeometry& image_geometry, const TrainOptions& options, ProgressSink& progress)
      : folder_(folder),
        people_(people),
        names_(NamesOf(people)),
        image_geometry_(image_geometry),
        options_(options),
        progress_(progress),
        networks_(ArchitectureByName(options.architecture), names_,
                  ChoosePlacement(options.device, options.precision), options.seed),
        adam_(networks_.parameters(), networks_.architecture.recipe) {
    state_.seed = options.seed;
    state_.image_geometry = image_geometry;
    sums_ = NoSums();
  }

  /// Loads `checkpoint`, or the previous one where the newest turns out damaged. Returns what it used.
  std::filesystem::path Resume(const std::filesystem::path& checkpoint);
  void StartFrom(const std::filesystem::path& base) { LoadBase(base, networks_); }

  TrainSummary Run(std::stop_token stop);

 private:
  at::Tensor NoSums() const {
    return at::zeros({static_cast<int64_t>(names_.size())},
                     at::TensorOptions(networks_.placement.device).dtype(at::kDouble));
  }
  FaceLoaderSettings LoaderSettings() const;
  std::string StopReason(std::stop_token stop) const;
  double TotalSeconds() const { return seconds_before_ + SecondsSince(start_); }
  double Progress() const;
  void CheckFinite();
  void CloseHistoryPoint();
  void Save(const DeviceBatch& batch);
  void DrawPictures();
  void ReportProgress(bool last);
  double ImagesPerSecond() const;

  const std::filesystem::path folder_;
  const std::vector<TrainingFaces>& people_;
  const std::vector<std::string> names_;
  const CropGeometry image_geometry_;
  const TrainOptions options_;
  ProgressSink& progress_;
  SwapNetworks networks_;
  Adam adam_;
  TrainingState state_;
  bool resumed_ = false;
  int64_t first_iteration_ = 0;
  double seconds_before_ = 0;
  Clock::time_point start_;
  Clock::time_point reported_;
  at::Tensor sums_;  ///< per person, of the losses since the last history point
  int64_t summed_ = 0;
  std::vector<double> shown_loss_;
};

std::filesystem::path Training::Resume(const std::filesystem::path& checkpoint) {
  const std::filesystem::path previous = PreviousCheckpointPath(folder_);
  std::error_code ec;
  try {
    SafetensorsFile file(checkpoint);
    const ModelMetadata metadata = ParseMetadata(checkpoint, file.metadata());
    LoadCheckpointTensors(file, networks_, adam_);
    state_ = LoadTrainingState(file, metadata);
  } catch (const Error& damage) {
    if (checkpoint == previous || !std::filesystem::exists(previous, ec)) throw;
    LogWarning(fmt::format("{}; going on from {}", damage.what(), previous.string()));
    const SafetensorsFile file(previous);
    CheckResumable(previous, ParseMetadata(previous, file.metadata()), networks_.architecture, people_,
                   image_geometry_);
    return Resume(previous);
  }
  resumed_ = true;
  return checkpoint;
}

FaceLoaderSettings Training::LoaderSettings() const {
  FaceLoaderSettings settings;
  settings.warp.jitter = networks_.architecture.recipe.warp_jitter;
  settings.stored = image_geometry_;
  settings.input = networks_.architecture.input;
  settings.output = networks_.architecture.output;
  settings.batch = options_.batch;
  settings.seed = state_.seed;
  // A CPU step takes about fifty times as long as preparing its faces: a second thread would only
  // take a core from it. A GPU needs all the help there is.
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  settings.workers = networks_.placement.device.is_cuda() ? std::min(cores, 12) : std::max(1, cores / 16);
  return settings;
}

std::string Training::StopReason(std::stop_token stop) const {
  if (state_.iteration >= options_.iterations) return "iterations";
  if (options_.max_hours > 0 && TotalSeconds() >= options_.max_hours * 3600) return "hours";
  if (stop.stop_requested()) return "interrupted";
  return "";
}

double Training::Progress() const {
  const double by_steps = static_cast<double>(state_.iteration) / static_cast<double>(options_.iterations);
  return options_.max_hours > 0 ? std::max(by_steps, TotalSeconds() / (options_.max_hours * 3600)) : by_steps;
}

double Training::ImagesPerSecond() const {
  const int64_t steps = state_.iteration - first_iteration_;
  const double seconds = SecondsSince(start_);
  return seconds > 0
             ? static_cast<double>(steps) * options_.batch * static_cast<double>(names_.size()) / seconds
             : 0;
}

void Training::CheckFinite() {
  const at::Tensor sums = sums_.to(at::kCPU);
  for (size_t p = 0; p < names_.size(); ++p) {
    const double sum = sums.data_ptr<double>()[p];
    if (!std::isfinite(sum)) {
      throw Error(ErrorKind::kModel, fmt::format("the loss of {} is no longer a number at iteration {}: "
                                                 "lower train.learning_rate; training goes "
                                                 "on from the last good checkpoint in {}",
                                                 names_[p], state_.iteration, folder_.string()));
    }
    if (summed_ > 0) shown_loss_[p] = sum / static_cast<double>(summed_);
  }
}

void Training::CloseHistoryPoint() {
  if (summed_ == 0) return;
  CheckFinite();
  HistoryPoint point{state_.iteration, TotalSeconds(), {}};
  for (size_t p = 0; p < names_.size(); ++p) point.loss[names_[p]] = shown_loss_[p];
  state_.history.push_back(std::move(point));
  sums_ = NoSums();
  summed_ = 0;
}

void Training::Save(const DeviceBatch& batch) {
  CloseHistoryPoint();
  // The losses so far were those of weights before their last update; a checkpoint is written only of
  // weights that were themselves seen to give a finite loss.
  const at::Tensor errors = MeasureStep(networks_, batch).to(at::kDouble);
  sums_ += errors;
  CheckFinite();
  sums_ = NoSums();
  state_.seconds = TotalSeconds();
  SaveCheckpoint(folder_, networks_, adam_, state_);
}

void Training::DrawPictures() {
  const std::string title = fmt::format("{}, iteration {}, {:.1f} minutes", options_.architecture,
                                        state_.iteration, TotalSeconds() / 60);
  WritePhoto(folder_ / "preview.png",
             DrawPreview(RenderPreview(networks_, people_, image_geometry_, state_.seed), title));
  WritePhoto(folder_ / "loss.png", DrawLossChart(state_.history, names_, "mean absolute error, " + title));
}

void Training::ReportProgress(bool last) {
  const bool first = state_.iteration == first_iteration_ + 1;
  if (!first && !last && Clock::now() - reported_ < std::chrono::milliseconds(250)) return;
  reported_ = Clock::now();
  std::string losses;
  for (const double loss : shown_loss_) losses += fmt::format("{}{:.4f}", losses.empty() ? "" : " / ", loss);
  ProgressEvent event;
  event.stage = "train";
  event.item = folder_.filename().string();
  event.state = last ? ProgressEvent::State::kDone : ProgressEvent::State::kRunning;
  event.done = static_cast<double>(state_.iteration);
  event.total = static_cast<double>(options_.iterations);
  event.unit = "iterations";
  event.note = fmt::format("loss {}, {:.0f} images/s", losses, ImagesPerSecond());
  progress_.Report(event);
}

TrainSummary Training::Run(std::stop_token stop) {
  start_ = reported_ = Clock::now();
  seconds_before_ = state_.seconds;
  first_iteration_ = state_.iteration;
  shown_loss_.assign(names_.size(), 0);
  if (!state_.history.empty()) {
    for (size_t p = 0; p < names_.size(); ++p) shown_loss_[p] = state_.history.back().loss.at(names_[p]);
  }
  const TrainingRecipe& recipe = networks_.architecture.recipe;
  const double base_rate = options_.learning_rate > 0 ? options_.learning_rate : recipe.learning_rate;
  FaceLoader loader(people_, LoaderSettings(), state_.iteration);
  std::string reason;
  int64_t saved_at = -1, drawn_at = -1;
  DeviceBatch batch;
  while ((reason = StopReason(stop)).empty()) {
    const FaceBatch faces = loader.Next();
    batch = Upload(faces, networks_);
    const double rate = LearningRate(recipe, base_rate, state_.iteration, Progress());
    sums_ += TrainStep(networks_, adam_, batch, rate);
    ++summed_;
    ++state_.iteration;
    if (state_.iteration % kCheckEvery == 0 || !networks_.placement.device.is_cuda()) CheckFinite();
    if (state_.iteration % kHistoryEvery == 0) CloseHistoryPoint();
    if (state_.iteration % options_.save_every == 0) {
      Save(batch);
      saved_at = state_.iteration;
    }
    if (state_.iteration % options_.preview_every == 0) {
      CheckFinite();
      DrawPictures();
      drawn_at = state_.iteration;
    }
    ReportProgress(false);
  }
  const bool trained = state_.iteration > first_iteration_;
  if (trained && saved_at != state_.iteration) Save(batch);
  if (trained && drawn_at != state_.iteration) DrawPictures();
  ReportProgress(true);

  TrainSummary summary;
  summary.iterations = state_.iteration;
  summary.iterations_this_run = state_.iteration - first_iteration_;
  summary.seconds = TotalSeconds();
  summary.images_per_second = ImagesPerSecond();
  summary.achieved_gflops =
      summary.images_per_second * 3 * FindArchitecture(options_.architecture).forward_gflop;
  summary.resumed = resumed_;
  summary.interrupted = reason == "interrupted";
  summary.stop_reason = reason;
  summary.device = DescribePlacement(networks_.placement);
  summary.history = state_.history;
  return summary;
}

bool Finished(const TrainingState& state, const TrainOptions& options) {
  return state.iteration >= options.iterations ||
         (options.max_hours > 0 && state.seconds >= options.max_hours * 3600);
}

TrainSummary FinishedSummary(const TrainingState& state, const TrainOptions& options) {
  TrainSummary summary;
  summary.iterations = state.iteration;
  summary.seconds = state.seconds;
  summary.resumed = true;
  summary.already_finished = true;
  summary.stop_reason = "already finished";
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

/// A newest checkpoint that could not be read must not replace the good previous one at the next save.
void SetDamagedAside(const std::filesystem::path& folder, const std::filesystem::path& used) {
  const std::filesystem::path newest = CheckpointPath(folder);
  std::error_code ec;
  if (used == newest || !std::filesystem::exists(newest, ec)) return;
  const std::filesystem::path aside = folder / "checkpoint.damaged.safetensors";
  std::filesystem::rename(newest, aside, ec);
  if (ec)
    throw Error(ErrorKind::kDisk, fmt::format("cannot move {} aside: {}", newest.string(), ec.message()));
  LogWarning(fmt::format("the damaged checkpoint is kept as {}", aside.string()));
}

TrainSummary StartOrResume(const std::filesystem::path& folder, const std::vector<TrainingFaces>& people,
                           const CropGeometry& image_geometry, const TrainOptions& options,
                           const std::optional<std::filesystem::path>& base_weights, ProgressSink& progress,
                           std::stop_token stop) {
  const Architecture& architecture = ArchitectureByName(options.architecture);
  const TorchThreads threads(options.threads);
  const std::optional<std::filesystem::path> checkpoint = FindCheckpoint(folder);
  if (!checkpoint) {
    CheckFaceCounts(people, options.batch);
    Training training(folder, people, image_geometry, options, progress);
    if (base_weights) training.StartFrom(*base_weights);
    return training.Run(stop);
  }
  SafetensorsFile file(*checkpoint);
  const ModelMetadata metadata = ParseMetadata(*checkpoint, file.metadata());
  CheckResumable(*checkpoint, metadata, architecture, people, image_geometry);
  const TrainingState state = LoadTrainingState(file, metadata);
  if (Finished(state, options)) return FinishedSummary(state, options);
  CheckFaceCounts(people, options.batch);
  Training training(folder, people, image_geometry, options, progress);
  SetDamagedAside(folder, training.Resume(*checkpoint));
  return training.Run(stop);
}

}  // namespace

TrainSummary TrainModel(const std::filesystem::path& folder, const std::vector<TrainingFaces>& people,
                        const CropGeometry& image_geometry, const TrainOptions& options,
                        const std::optional<std::filesystem::path>& base_weights, ProgressSink& progress,
                        std::stop_token stop) {
  CheckArguments(people, options);
  return WithTorchErrors("training " + folder.filename().string(), [&] {
    return StartOrResume(folder, people, image_geometry, options, base_weights, progress, stop);
  });
}

void ExportWeights(const std::filesystem::path& checkpoint, const std::filesystem::path& weights) {
  SafetensorsFile file(checkpoint);
  ModelMetadata metadata = ParseMetadata(checkpoint, file.metadata());
  metadata.checkpoint = false;
  SwapNetworks networks(ArchitectureByName(metadata.info.architecture), metadata.info.people, Placement{}, 0);
  LoadNetwork(file, networks.encoder.prefix(), networks.encoder);
  for (auto& [person, decoder] : networks.decoders) LoadNetwork(file, decoder.prefix(), decoder);
  WriteWeights(weights, metadata, networks);
}

}  // namespace reelswap
