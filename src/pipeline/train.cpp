#include "pipeline/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/face_set.h"
#include "core/files.h"
#include "core/log.h"
#include "model/face_swapper.h"
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

std::string TrainingKey(const TrainSettings& train, const std::string& base, const std::vector<TrainingFaces>& people,
                        const std::vector<UsableFaces>& faces) {
  const TrainOptions& o = train.options;
  // Not in it: iterations, hours, intervals, device, threads. They may change between resumes.
  std::string text = fmt::format("v2 {} batch {} rate {} seed {} base {}\n", o.architecture, o.batch,
                                 o.learning_rate, o.seed, base);
  for (size_t i = 0; i < faces.size(); ++i) text += people[i].person + " " + faces[i].key + "\n";
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
    const std::string key = TrainingKey(project_.train, base_name, people_, usable_);
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

    const TrainSummary summary =
        TrainModel(folder, people_, kStoredCrop, project_.train.options,
                   base ? std::optional(base->weights) : std::nullopt, context_.progress, context_.stop);
    Describe(summary, item);
    if (summary.interrupted) {
      throw Error(ErrorKind::kCancelled, fmt::format("interrupted after {} iterations; the checkpoint is saved and "
                                                     "the next run goes on from there", summary.iterations));
    }
    item.state = summary.already_finished ? ItemState::kReused : ItemState::kDone;
    if (summary.already_finished && !record.stored.empty()) {
      if (const auto stored = TryFind(record.stored)) return stored;
    }
    return Store(summary, record);
  }

 private:
  void FindFaces() {
    std::vector<Person> people = project_.people;
    // By name: another order in the file is the same training.
    std::sort(people.begin(), people.end(), [](const Person& a, const Person& b) { return a.name < b.name; });
    for (const Person& person : people) {
      const FaceSet set(context_.workspace.Faces(person.name), kStoredCrop);
      usable_.push_back(FindUsableFaces(project_, person.name, set));
      people_.push_back({person.name, usable_.back().images});
    }
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

  StoredModel Store(const TrainSummary& summary, TrainingRecord record) {
    const fs::path folder = context_.workspace.Model();
    const fs::path weights = folder / "weights.safetensors";
    ExportWeights(folder / "checkpoint.safetensors", weights);
    // A kill between storing and recording must not store the same weights twice.
    std::optional<StoredModel> stored = library_.FindBySha256(project_.name, Sha256OfFile(weights));
    if (!stored) {
      stored = library_.Add(MakeCard(project_, people_, summary, record.base), weights,
                            {folder / "preview.png", folder / "loss.png"});
    }
    std::error_code ec;
    fs::remove(weights, ec);
    record.stored = fmt::format("{}@{}", stored->card.name, stored->card.version);
    SaveRecord(context_, record);
    return *stored;
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
    }
    for (const char* picture : {"preview.png", "loss.png"}) {
      const fs::path path = context_.workspace.Model() / picture;
      if (fs::exists(path)) item.pictures.push_back(path);
    }
  }

  const RunContext& context_;
  const Project& project_;
  ModelLibrary library_;
  std::vector<UsableFaces> usable_;
  std::vector<TrainingFaces> people_;
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
