#include "pipeline/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/face_set.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "disclose/marks.h"
#include "face/face_embedder.h"
#include "model/face_swapper.h"
#include "model/training_checks.h"
#include "pipeline/face_replacement.h"
#include "pipeline/finder.h"
#include "pipeline/preview_clip.h"
#include "pipeline/project_trial.h"
#include "pipeline/training_record.h"
#include "pipeline/usable_faces.h"

namespace reelswap {
namespace fs = std::filesystem;

namespace {

std::string TrainingKey(const TrainSettings& train, const std::string& base,
                        const std::map<std::string, UsableFaces>& faces) {
  const TrainOptions& o = train.options;
  // Not in it: ends, intervals, device, precision, threads. They may change between resumes.
  std::string text = fmt::format("v3 {} batch {} rate {} seed {} adversarial {} base {}\n", o.architecture,
                                 train.fastest_batch ? "fastest" : std::to_string(o.batch),
                                 o.learning_rate, o.seed, o.adversarial, base);
  for (const auto& [person, usable] : faces) text += person + " " + usable.key + "\n";
  return Sha256OfBytes(text);
}

/// Moves a training that stands on other faces or settings out of the way; nothing is deleted.
void SetAside(const RunContext& context, const std::string& old_key) {
  const fs::path model = context.workspace.Model();
  fs::path aside = context.workspace.root() / fmt::format("model_{}", old_key.substr(0, 8));
  for (int n = 2; fs::exists(aside); ++n) {
    aside = context.workspace.root() / fmt::format("model_{}_{}", old_key.substr(0, 8), n);
  }
  fs::rename(model, aside);
  LogInfo(fmt::format("the faces or training settings changed: the earlier training is kept in {}", aside.string()));
}

/// The numbers that stand for the whole model, not for one person or direction ("name: whom").
std::map<std::string, double> MeansOf(const HeldOutScore& score) {
  std::map<std::string, double> means = score.numbers;
  std::erase_if(means, [](const auto& number) {
    return number.first.find(':') != std::string::npos || !std::isfinite(number.second);
  });
  return means;
}

ModelCard MakeCard(const Project& project, const std::vector<TrainingFaces>& people, const TrainSummary& summary,
                   const TrainingRecord& record) {
  const ArchitectureInfo architecture = FindArchitecture(project.train.options.architecture);
  ModelCard card;
  card.name = project.name;
  card.architecture = architecture.name;
  card.input = architecture.input;
  card.output = architecture.output;
  for (const TrainingFaces& person : people) {
    card.people.push_back(person.person);
    card.faces[person.person] = static_cast<int64_t>(person.images.size());
  }
  for (const Person& person : project.people) card.consents[person.name] = person.consent;
  card.training_faces = record.training_faces;
  if (record.base != "none") card.base = record.base;
  card.iterations = summary.iterations;
  card.training_seconds = summary.seconds;
  if (!summary.history.empty()) card.final_loss = summary.history.back().loss;
  if (summary.best) {
    card.best_iteration = summary.best->iteration;
    card.scores = MeansOf(summary.best->result);
    card.scores["score"] = summary.best->result.score;
  }
  card.tool_version = REELSWAP_VERSION;
  card.created_utc = UtcNow();
  return card;
}

class Training {
 public:
  Training(const RunContext& context, AfterUntil after_until) : context_(context), project_(context.project),
                                                                after_until_(after_until),
                                                                library_(context.project.library) {}

  std::optional<StoredModel> Run(ReportItem& item) {
    FindFaces();
    const fs::path folder = context_.workspace.Model();
    TrainingRecord record = LoadTrainingRecord(folder);
    const std::string base_name = ResolveBase(record);
    const std::string key = TrainingKey(project_.train, base_name, usable_);
    if (const auto ended = FindEndedByUntil(record, key)) {
      DescribeEnded(ended->card, item);
      return ended;
    }
    // Whatever can refuse this training comes before the earlier one is touched.
    const bool another = !record.key.empty() && record.key != key;
    const bool begins = another || !fs::exists(folder / "checkpoint.safetensors");
    // A base is looked at only where a training begins: it may be gone later.
    std::optional<StoredModel> base;
    if (base_name != "none" && begins) base = FindBase(base_name);
    PrepareHooks();
    const TrainOptions options = ChooseOptions(begins ? 0 : record.batch);
    if (begins) CheckFaceCounts(people_, options.batch);
    if (another) SetAside(context_, record.key);
    record = Begin(another ? TrainingRecord{} : record, key, base_name, begins, options.batch);

    const TrainSummary summary =
        TrainModel(folder, people_, kStoredCrop, options, base ? std::optional(base->weights) : std::nullopt,
                   context_.progress, context_.stop, hooks_);
    Describe(summary, item);
    if (summary.interrupted) {
      ListPictures(item);
      throw Error(ErrorKind::kCancelled, fmt::format("interrupted after {} iterations; the checkpoint is saved and "
                                                     "the next run goes on from there", summary.iterations));
    }
    const StoredModel stored = FindStored(summary, record);
    ListPictures(item);
    item.state = summary.already_finished ? ItemState::kReused : ItemState::kDone;
    return stored;
  }

 private:
  void FindFaces() {
    std::vector<Person> people = project_.people;
    // By name: another order in the file is the same training.
    std::sort(people.begin(), people.end(), [](const Person& a, const Person& b) { return a.name < b.name; });
    for (const Person& person : people) {
      const FaceSet set(context_.workspace.Faces(person.name), kStoredCrop);
      UsableFaces usable = FindUsableFaces(project_, person.name, set);
      people_.push_back(usable.training);
      usable_.emplace(person.name, std::move(usable));
    }
  }

  /// What `until` ended and is stored, where this run leaves it at that.
  std::optional<StoredModel> FindEndedByUntil(const TrainingRecord& record, const std::string& key) {
    const int until = project_.train.options.until_minute;
    const bool ended = record.key == key && record.stop_reason == "until" && record.until_minute == until;
    if (!ended || after_until_ == AfterUntil::kGoOn || record.stored.empty()) return std::nullopt;
    const auto stored = TryFind(record.stored);
    if (stored) {
      LogInfo(fmt::format("{} was trained until {:02}:{:02} and is used as it is: `reelswap train {}` goes on with it",
                          record.stored, until / 60, until % 60, project_.file.filename().string()));
    }
    return stored;
  }

  TrainOptions ChooseOptions(int began_with) const {
    BatchLimits limits;
    limits.began_with = began_with;
    for (const TrainingFaces& person : people_) {
      const auto faces = static_cast<int64_t>(person.images.size());
      if (limits.fewest_faces == 0 || faces < limits.fewest_faces) limits.fewest_faces = faces;
    }
    return WithFinderChoice(context_.workspace, project_.train, limits);
  }

  /// The record of a training that starts or goes on now.
  TrainingRecord Begin(TrainingRecord record, const std::string& key, const std::string& base, bool begins,
                       int batch) const {
    const bool faces_known = begins || record.key == key;
    record.key = key;
    record.base_request = project_.train.base;
    record.base = base;
    record.batch = batch;
    record.stop_reason.clear();
    record.training_faces.clear();
    for (const auto& [person, usable] : usable_) {
      if (faces_known) record.training_faces[person] = usable.training_faces;
    }
    SaveTrainingRecord(context_.workspace.Model(), record);
    return record;
  }

  /// Scores and previews while it learns.
  void PrepareHooks() {
    const ArchitectureInfo architecture = FindArchitecture(project_.train.options.architecture);
    ProjectTrialOptions options;
    options.frames = project_.evaluate.frames;
    options.everything = false;
    trial_.emplace(project_, usable_, architecture.input, architecture.output, options);
    if (trial_->CanJudge()) {
      hooks_.score = [this](const SwapFunction& swap) { return Score(swap); };
      hooks_.score_key = ScoreKey(project_.evaluate, usable_, FindIdentityWeights().has_value());
    } else if (project_.train.options.plateau) {
      throw Error(ErrorKind::kFaces, "train.stop.plateau needs a held-out score, and no face is held out: mark a source "
                                     "with hold_out: true, or name evaluate.actors");
    }
    preview_.emplace(context_, people_, architecture.input, architecture.output);
    hooks_.preview = [this](const SwapFunction& swap, int64_t, double) { preview_->Update(swap); };
    hooks_.mark = [this](const fs::path& picture) { Mark(picture); };
  }

  /// The training's own preview shows swapped faces: it carries label and marks like every output.
  void Mark(const fs::path& path) const {
    cv::Mat picture = ReadPhoto(path);
    if (const auto label = RenderDisclosure(project_.disclosure, picture.size())) {
      DrawLabel(picture, *label);
      WritePhoto(path, picture);
    }
    Provenance provenance;
    provenance.tool_version = REELSWAP_VERSION;
    provenance.created_utc = UtcNow();
    provenance.description = fmt::format("AI-generated face swaps: a preview of the training of {}", project_.name);
    for (const Person& person : project_.people) provenance.consents[person.name] = person.consent;
    provenance.visible_label = project_.disclosure.label ? project_.disclosure.text : "";
    provenance.no_label_reason = project_.disclosure.off_reason;
    EmbedXmp(path, provenance);
  }

  HeldOutScore Score(const SwapFunction& swap) {
    const size_t known = trial_->warnings().size();
    HeldOutScore score = trial_->Score(swap);
    for (size_t i = known; i < trial_->warnings().size(); ++i) LogInfo("held-out score: " + trial_->warnings()[i]);
    return score;
  }

  /// "name@version" or "none". A NAME without a version means the newest one when the training began, so that
  /// a model stored meanwhile does not start it anew.
  std::string ResolveBase(const TrainingRecord& record) const {
    if (project_.train.base == "none") return "none";
    if (record.base_request == project_.train.base && !record.base.empty()) return record.base;
    const ModelCard card = library_.Find(project_.train.base).card;
    return fmt::format("{}@{}", card.name, card.version);
  }

  StoredModel FindBase(const std::string& reference) const {
    StoredModel base = library_.Find(reference);
    VerifyWeights(base);
    const ArchitectureInfo wanted = FindArchitecture(project_.train.options.architecture);
    RequireCompatible(base.card, wanted.name, wanted.input, wanted.output, static_cast<int>(people_.size()));
    return base;
  }

  std::optional<StoredModel> TryFind(const std::string& reference) {
    try {
      return library_.Find(reference);
    } catch (const Error&) {
      return std::nullopt;  // removed from the library meanwhile: stored again
    }
  }

  StoredModel FindStored(const TrainSummary& summary, const TrainingRecord& record) {
    if (summary.already_finished && !record.stored.empty()) {
      if (const auto stored = TryFind(record.stored)) return *stored;
    }
    return Store(summary, record);
  }

  StoredModel Store(const TrainSummary& summary, TrainingRecord record) {
    const fs::path folder = context_.workspace.Model();
    const fs::path weights = folder / "weights.safetensors";
    ExportShipped(folder, weights);
    ShowShipped(weights);
    // A kill between storing and recording must not store the same weights twice.
    std::optional<StoredModel> stored = library_.FindBySha256(project_.name, Sha256OfFile(weights));
    if (!stored) {
      stored = library_.Add(MakeCard(project_, people_, summary, record), weights,
                            {folder / "preview.png", folder / "loss.png", PreviewClip::PosesPath(context_.workspace)});
    }
    std::error_code ec;
    fs::remove(weights, ec);
    record.stored = fmt::format("{}@{}", stored->card.name, stored->card.version);
    record.stop_reason = summary.stop_reason;
    record.until_minute = project_.train.options.until_minute;
    SaveTrainingRecord(folder, record);
    return *stored;
  }

  /// The previews end with the weights that are used from now on, not with the last ones.
  void ShowShipped(const fs::path& weights) {
    const FaceSwapper swapper(weights, project_.train.options.device);
    preview_->Finish([&](std::span<const cv::Mat> crops, const std::string& person) {
      return swapper.SwapWithMasks(crops, person);
    });
  }

  void DescribeEnded(const ModelCard& card, ReportItem& item) const {
    item.state = ItemState::kReused;
    item.numbers["iterations"] = static_cast<double>(card.iterations);
    item.numbers["seconds"] = card.training_seconds;
    for (const auto& [name, value] : card.scores) item.numbers[name] = value;
    DescribeFaces(item);
    ListPictures(item);
  }

  void DescribeFaces(ReportItem& item) const {
    for (const TrainingFaces& person : people_) {
      item.numbers["faces " + person.person] = static_cast<double>(person.images.size());
      const size_t held_out = usable_.at(person.person).held_out.size();
      if (held_out > 0) item.numbers["held_out " + person.person] = static_cast<double>(held_out);
    }
  }

  void Describe(const TrainSummary& summary, ReportItem& item) const {
    item.numbers["iterations"] = static_cast<double>(summary.iterations);
    item.numbers["seconds"] = summary.seconds;
    if (summary.iterations_this_run > 0) {
      item.numbers["images_per_second"] = summary.images_per_second;
      item.numbers["gflops"] = summary.achieved_gflops;
    }
    if (!summary.history.empty()) {
      for (const auto& [person, loss] : summary.history.back().loss) item.numbers["loss " + person] = loss;
    }
    DescribeFaces(item);
    if (summary.best) {
      for (const auto& [name, value] : MeansOf(summary.best->result)) item.numbers[name] = value;
      item.numbers["score"] = summary.best->result.score;
      item.numbers["best_iteration"] = static_cast<double>(summary.best->iteration);
    }
    if (summary.rollbacks > 0) item.numbers["rollbacks"] = static_cast<double>(summary.rollbacks);
  }

  void ListPictures(ReportItem& item) const {
    const fs::path model = context_.workspace.Model();
    for (const fs::path& path : {model / "preview.png", PreviewClip::PosesPath(context_.workspace), model / "loss.png"}) {
      if (fs::exists(path)) item.pictures.push_back(path);
    }
    if (fs::exists(PreviewClip::VideoPath(context_.workspace))) {
      item.outputs.push_back(PreviewClip::VideoPath(context_.workspace));
    }
  }

  const RunContext& context_;
  const Project& project_;
  const AfterUntil after_until_;
  ModelLibrary library_;
  std::map<std::string, UsableFaces> usable_;
  std::vector<TrainingFaces> people_;
  std::optional<ProjectTrial> trial_;
  std::optional<PreviewClip> preview_;
  TrainHooks hooks_;
};

}  // namespace

std::optional<StoredModel> Train(const RunContext& context, AfterUntil after_until, ReportBuilder& report) {
  ReportItem item;
  item.stage = "train";
  item.name = context.project.name;
  item.location = context.project.train.options.architecture;
  std::optional<StoredModel> stored;
  try {
    stored = Training(context, after_until).Run(item);
    item.outputs.push_back(stored->weights);
  } catch (...) {
    SetFailure(item, std::current_exception());
    ProgressEvent event;
    event.stage = "train";
    event.item = context.project.name;
    event.state = ProgressEvent::State::kFailed;
    event.note = item.error;
    context.progress.Report(event);
  }
  report.Add(std::move(item));
  return stored;
}

StoredModel FindTrainedModel(const RunContext& context) {
  const TrainingRecord record = LoadTrainingRecord(context.workspace.Model());
  if (record.stored.empty()) {
    throw Error(ErrorKind::kModel, fmt::format("project {} has no trained model yet: run `reelswap train {}` first",
                                               context.project.name, context.project.file.filename().string()));
  }
  StoredModel model = ModelLibrary(context.project.library).Find(record.stored);
  VerifyWeights(model);
  return model;
}

}  // namespace reelswap
