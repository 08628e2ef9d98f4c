#include "pipeline/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/face_set.h"
#include "core/files.h"
#include "core/log.h"
#include "model/face_swapper.h"
#include "pipeline/finder.h"
#include "pipeline/preview_clip.h"
#include "pipeline/project_trial.h"
#include "pipeline/usable_faces.h"

namespace reelswap {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// What a training stands on; kept as model/training.json beside the checkpoint.
struct TrainingRecord {
  std::string key;           ///< hash of faces and of the settings that decide the weights
  std::string base_request;  ///< train.base as the project said it
  std::string base;          ///< the "name@version" that stood for, or "none"
  std::string stored;  ///< "name@version" once it is in the library
};

fs::path RecordPath(const RunContext& context) { return context.workspace.Model() / "training.json"; }

TrainingRecord LoadRecord(const RunContext& context) {
  if (!fs::exists(RecordPath(context))) return {};
  const json j = json::parse(ReadFile(RecordPath(context), 1 << 20), nullptr, false);
  if (!j.is_object()) return {};
  return {j.value("key", ""), j.value("base_request", ""), j.value("base", ""), j.value("stored", "")};
}

void SaveRecord(const RunContext& context, const TrainingRecord& record) {
  WriteFileAtomically(RecordPath(context), json{{"key", record.key},
                           {"base_request", record.base_request},
                           {"base", record.base},
                           {"stored", record.stored}}
                              .dump(2) + "\n");
}

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
                   const std::string& base) {
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
  if (base != "none") card.base = base;
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
  explicit Training(const RunContext& context) : context_(context), project_(context.project),
                                                 library_(context.project.library) {}

  std::optional<StoredModel> Run(ReportItem& item) {
    FindFaces();
    const fs::path folder = context_.workspace.Model();
    TrainingRecord record = LoadRecord(context_);
    const std::string base_name = ResolveBase(record);
    const std::string key = TrainingKey(project_.train, base_name, usable_);
    if (!record.key.empty() && record.key != key) {
      SetAside(context_, record.key);
      record = {};
    }
    // A base is looked at only where a training begins: it may be gone later.
    std::optional<StoredModel> base;
    if (base_name != "none" && !fs::exists(folder / "checkpoint.safetensors")) base = FindBase(base_name);
    record.key = key;
    record.base_request = project_.train.base;
    record.base = base_name;
    SaveRecord(context_, record);

    PrepareHooks();
    const TrainSummary summary =
        TrainModel(folder, people_, kStoredCrop, WithFinderChoice(context_.workspace, project_.train),
                   base ? std::optional(base->weights) : std::nullopt, context_.progress, context_.stop, hooks_);
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

  /// Scores and previews while it learns.
  void PrepareHooks() {
    const ArchitectureInfo architecture = FindArchitecture(project_.train.options.architecture);
    ProjectTrialOptions options;
    options.frames = project_.evaluate.frames;
    options.everything = false;
    trial_.emplace(project_, usable_, architecture.input, architecture.output, options);
    if (trial_->CanJudge()) {
      hooks_.score = [this](const SwapFunction& swap) { return Score(swap); };
    } else if (project_.train.options.plateau) {
      throw Error(ErrorKind::kFaces, "train.stop.plateau needs a held-out score, and no face is held out: mark a source "
                                     "with hold_out: true, or name evaluate.actors");
    }
    preview_.emplace(context_, people_, architecture.input, architecture.output);
    hooks_.preview = [this](const SwapFunction& swap, int64_t, double) { preview_->Update(swap); };
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
      stored = library_.Add(MakeCard(project_, people_, summary, record.base), weights,
                            {folder / "preview.png", folder / "loss.png", PreviewClip::PosesPath(context_.workspace)});
    }
    std::error_code ec;
    fs::remove(weights, ec);
    record.stored = fmt::format("{}@{}", stored->card.name, stored->card.version);
    SaveRecord(context_, record);
    return *stored;
  }

  /// The previews end with the weights that are used from now on, not with the last ones.
  void ShowShipped(const fs::path& weights) {
    const FaceSwapper swapper(weights, project_.train.options.device);
    preview_->Finish([&](std::span<const cv::Mat> crops, const std::string& person) {
      return swapper.Swap(crops, person);
    });
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
    for (const TrainingFaces& person : people_) {
      item.numbers["faces " + person.person] = static_cast<double>(person.images.size());
      const size_t held_out = usable_.at(person.person).held_out.size();
      if (held_out > 0) item.numbers["held_out " + person.person] = static_cast<double>(held_out);
    }
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
  ModelLibrary library_;
  std::map<std::string, UsableFaces> usable_;
  std::vector<TrainingFaces> people_;
  std::optional<ProjectTrial> trial_;
  std::optional<PreviewClip> preview_;
  TrainHooks hooks_;
};

}  // namespace

std::optional<StoredModel> Train(const RunContext& context, ReportBuilder& report) {
  ReportItem item;
  item.stage = "train";
  item.name = context.project.name;
  item.location = context.project.train.options.architecture;
  std::optional<StoredModel> stored;
  try {
    stored = Training(context).Run(item);
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
  const TrainingRecord record = LoadRecord(context);
  if (record.stored.empty()) {
    throw Error(ErrorKind::kModel, fmt::format("project {} has no trained model yet: run `reelswap train {}` first",
                                               context.project.name, context.project.file.filename().string()));
  }
  StoredModel model = ModelLibrary(context.project.library).Find(record.stored);
  VerifyWeights(model);
  return model;
}

}  // namespace reelswap
