#include "pipeline/evaluate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compose/label.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/photo.h"
#include "disclose/marks.h"
#include "face/face_embedder.h"
#include "fetch/fetch.h"
#include "model/face_swapper.h"
#include "pipeline/convert.h"
#include "pipeline/face_replacement.h"
#include "pipeline/known_people.h"
#include "pipeline/media_store.h"
#include "pipeline/train.h"
#include "pipeline/training_record.h"
#include "pipeline/workspace.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

/// The model that is judged.
struct Subject {
  std::string name;
  fs::path weights;
  std::map<std::string, std::string> training_faces;  ///< see ModelCard; empty: not known
};

Subject SubjectOf(const StoredModel& stored) {
  return {fmt::format("{}@{}", stored.card.name, stored.card.version), stored.weights, stored.card.training_faces};
}

Subject FindSubject(const RunContext& context, const std::string& model) {
  if (model.empty()) {
    return SubjectOf(FindTrainedModel(context));
  }
  if (model.ends_with(".safetensors")) {
    if (!fs::is_regular_file(model)) {
      throw Error(ErrorKind::kModel, fmt::format("there is no model file {}", model));
    }
    // Weights in a training's folder (best, a milestone) are that training's.
    return {fs::path(model).filename().string(), model,
            LoadTrainingRecord(fs::absolute(model).parent_path()).training_faces};
  }
  const StoredModel stored = ModelLibrary(context.project.library).Find(model);
  VerifyWeights(stored);
  return SubjectOf(stored);
}

void RequirePeople(const RunContext& context, const Subject& subject, const WeightsInfo& info) {
  for (const Person& person : context.project.people) {
    if (std::find(info.people.begin(), info.people.end(), person.name) != info.people.end()) continue;
    throw Error(ErrorKind::kModel, fmt::format("model {} knows {} but not {}: it belongs to another project",
                                               subject.name, fmt::join(info.people, ", "), person.name));
  }
}

void RequireHeldOut(const RunContext& context, const ProjectTrial& trial) {
  if (trial.CanJudge()) return;
  throw Error(ErrorKind::kFaces,
              fmt::format("there is nothing to judge {} by: no face is held out of the training and its people are no "
                          "virtual actors. Mark a source with `hold_out: true` (or leave `evaluate.hold_out: auto` and "
                          "give more faces) and run `reelswap preprocess`, or name `evaluate.actors`",
                          context.project.name));
}

class ModelJudge {
 public:
  ModelJudge(const RunContext& context, const EvaluateRequest& request)
      : context_(context), subject_(FindSubject(context, request.model)),
        swapper_(subject_.weights, context.project.train.options.device) {
    RequirePeople(context_, subject_, swapper_.info());
    ProjectTrialOptions options;
    options.frames = request.frames;
    std::map<std::string, UsableFaces> faces = FindKnownPeople(context);
    FindDoubts(faces);
    trial_.emplace(context.project, std::move(faces), swapper_.info().input, swapper_.info().output, options);
    RequireHeldOut(context, *trial_);
  }

  EvaluationReport Run(std::vector<ProjectTrial::Row>& rows) {
    ProgressEvent event;
    event.stage = "evaluate";
    event.item = subject_.name;
    event.note = "swapping held-out faces";
    context_.progress.Report(event);
    const SwapFunction swap = [this](std::span<const cv::Mat> crops, const std::string& person) {
      if (context_.stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted; nothing was written");
      return swapper_.SwapWithMasks(crops, person);
    };
    EvaluationReport report;
    report.subject = subject_.name;
    report.iterations = swapper_.info().iterations;
    report.model = trial_->Run(swap);
    rows = trial_->Rows(swap);
    report.warnings = doubts_;
    report.warnings.insert(report.warnings.end(), trial_->warnings().begin(), trial_->warnings().end());
    report.perhaps_trained_on = perhaps_trained_on_;
    event.state = ProgressEvent::State::kDone;
    event.note = report.model.score ? fmt::format("score {:.3f}", *report.model.score) : "";
    context_.progress.Report(event);
    return report;
  }

 private:
  /// Which faces are held out follows from today's project; the model may have been trained with other ones.
  void FindDoubts(const std::map<std::string, UsableFaces>& faces) {
    for (const auto& [person, usable] : faces) {
      if (usable.held_out.empty()) continue;
      const auto trained = subject_.training_faces.find(person);
      const bool known = trained != subject_.training_faces.end();
      if (known && trained->second == usable.training_faces) continue;
      perhaps_trained_on_.push_back(person);
      doubts_.push_back(known ? fmt::format("the held-out faces of {} may have been trained on: the split has changed "
                                            "since {} was trained", person, subject_.name)
                              : fmt::format("the held-out faces of {} may have been trained on: what {} was trained on "
                                            "is not known", person, subject_.name));
    }
  }

  const RunContext& context_;
  const Subject subject_;
  const FaceSwapper swapper_;
  std::vector<std::string> perhaps_trained_on_;
  std::vector<std::string> doubts_;
  std::optional<ProjectTrial> trial_;
};

void RequirePerson(const Project& project, const std::string& name) {
  std::vector<std::string> names;
  for (const Person& person : project.people) names.push_back(person.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw Error(ErrorKind::kUsage, fmt::format("--swap: the project has no person '{}' (it has {})", name,
                                             fmt::join(names, ", ")));
}

/// A video of the same name elsewhere, or judged for another swap, has its own folder.
std::string FolderOf(const EvaluateRequest& request, const std::string& subject) {
  if (!request.video) return SafeName(subject);
  const VideoPair& pair = *request.video;
  const std::string path = fs::absolute(pair.result).lexically_normal().string();
  const std::string hash = Sha256OfBytes(fmt::format("{}\n{}\n{}", path, pair.from, pair.to));
  return fmt::format("{}_{}", SafeName(subject), hash.substr(0, 6));
}

/// The original as a file: a target's address stands for its download.
fs::path OriginalFile(const RunContext& context, const std::string& original) {
  const auto path = FindOnDisk(context.workspace, original);
  if (path) return *path;
  throw Error(ErrorKind::kMedia, fmt::format("{} is not downloaded: run `reelswap convert` first, or name the file",
                                             ShownLocation(original)));
}

EvaluationReport JudgeVideo(const RunContext& context, const EvaluateRequest& request,
                            std::vector<ProjectTrial::Row>& rows) {
  const VideoPair& pair = *request.video;
  RequirePerson(context.project, pair.from);
  RequirePerson(context.project, pair.to);
  EvaluationReport report;
  report.subject = fs::path(pair.result).filename().string();
  VideoTrialOptions options;
  options.result = pair.result;
  options.original = OriginalFile(context, pair.original);
  options.original_start_seconds = StartOfOriginal(context, pair.result, pair.original);
  options.from = pair.from;
  options.to = pair.to;
  options.frames = request.frames;
  options.min_face_size = context.project.faces.min_size;
  std::vector<TrainingFaces> people;
  for (auto& [name, usable] : FindKnownPeople(context)) {
    if (!usable.training.images.empty()) people.push_back(std::move(usable.training));
  }
  if (context.project.evaluate.identity) {
    options.identity_weights = FindIdentityWeights();
    if (!options.identity_weights) {
      report.warnings.push_back("identity is not measured: its weights are not installed (`reelswap weights pull` "
                                "brings them)");
    } else if (people.size() < 2) {
      options.identity_weights.reset();
      report.warnings.push_back("identity is not measured: the project has no faces of its people yet (`reelswap "
                                "preprocess` finds them)");
    }
  }
  report.video = ScoreVideo(options, people, context.progress, context.stop);
  report.warnings.insert(report.warnings.end(), report.video->warnings.begin(), report.video->warnings.end());
  constexpr std::array<const char*, 3> kRanks = {"best", "median", "worst"};
  for (size_t i = 0; i < report.video->pictures.size(); ++i) {
    const FootagePicture& picture = report.video->pictures[i];
    std::string caption = kRanks[i % kRanks.size()];
    for (const auto& [name, value] : picture.numbers) caption += fmt::format(", {} {:.2f}", name, value);
    rows.push_back({picture.target, picture.swapped, picture.reference, caption});
  }
  return report;
}

/// The sheet shows swapped faces: it carries label and marks like every output.
void WriteSheet(const Project& project, const EvaluationReport& report, const std::vector<ProjectTrial::Row>& rows) {
  cv::Mat sheet = EvaluationSheet(rows);
  if (const auto label = RenderDisclosure(project.disclosure, sheet.size())) DrawLabel(sheet, *label);
  Provenance provenance;
  provenance.tool_version = REELSWAP_VERSION;
  provenance.created_utc = report.created_utc;
  provenance.description = fmt::format("AI-generated face swaps: an evaluation of {}", report.subject);
  for (const Person& person : project.people) provenance.consents[person.name] = person.consent;
  provenance.visible_label = project.disclosure.label ? project.disclosure.text : "";
  provenance.no_label_reason = project.disclosure.off_reason;
  const fs::path path = report.folder / "sheet.png", temporary = TemporaryPathFor(path);
  WritePhoto(temporary, sheet);
  EmbedXmp(temporary, provenance);
  CommitFile(temporary, path);
}

}  // namespace

double StartOfOriginal(const RunContext& context, const std::string& result, const std::string& original) {
  const fs::path made = fs::absolute(result).lexically_normal(), from = fs::absolute(original).lexically_normal();
  std::set<double> starts;
  for (const ConvertJob& job : PlanConversions(context)) {
    if (fs::absolute(job.output).lexically_normal() == made) return job.target->start_seconds;
    const auto on_disk = FindOnDisk(context.workspace, job.location);
    if (job.location == original || (on_disk && on_disk->lexically_normal() == from)) {
      starts.insert(job.target->start_seconds);
    }
  }
  if (starts.size() > 1) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the project converts {} from {} s on, and {} is the output of none of these targets: name "
                            "the video in {} where it was made, or a project with one of them",
                            ShownLocation(original), fmt::join(starts, " s and from "), result,
                            context.workspace.Output().string()));
  }
  return starts.empty() ? 0 : *starts.begin();
}

EvaluationReport Evaluate(const Project& project, const EvaluateRequest& request, ProgressSink& progress,
                          std::stop_token stop) {
  RequireKnownActors(project);
  const RunContext context{project, Workspace(project.workspace), progress, std::move(stop)};
  const WorkspaceLock lock(context.workspace);
  RemoveLeftovers(context.workspace);
  LogToFile(context.workspace.Log());
  std::vector<ProjectTrial::Row> rows;
  EvaluationReport report =
      request.video ? JudgeVideo(context, request, rows) : ModelJudge(context, request).Run(rows);
  report.project = project.name;
  report.created_utc = UtcNow();
  report.folder = context.workspace.Evaluation() / FolderOf(request, report.subject);
  if (!rows.empty()) WriteSheet(project, report, rows);
  WriteFileAtomically(report.folder / "evaluation.json", EvaluationAsJson(report) + "\n");
  WriteFileAtomically(report.folder / "evaluation.html", EvaluationAsHtml(report));
  return report;
}

}  // namespace reelswap
