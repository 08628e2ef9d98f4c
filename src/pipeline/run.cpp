#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "pipeline/conversion_record.h"
#include "pipeline/convert.h"
#include "pipeline/preprocess.h"
#include "pipeline/project_trial.h"
#include "pipeline/run_graph.h"
#include "pipeline/train.h"
#include "pipeline/video_analysis.h"

namespace reelswap {
namespace {

std::vector<ConvertJob> ChooseJobs(const RunContext& context, const std::vector<std::string>& wanted) {
  std::vector<ConvertJob> jobs = PlanConversions(context);
  if (wanted.empty()) return jobs;
  const auto number_of = [&](const ConvertJob& job) {
    return std::to_string(job.target - context.project.targets.data() + 1);
  };
  const auto is_number = [&](const std::string& text) {
    return std::any_of(jobs.begin(), jobs.end(), [&](const ConvertJob& job) { return number_of(job) == text; });
  };
  const auto matches = [&](const ConvertJob& job) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
      if (is_number(text)) return number_of(job) == text;
      return job.location.find(text) != std::string::npos || job.output.filename().string().find(text) != std::string::npos;
    });
  };
  std::string known;
  for (const ConvertJob& job : jobs) known += fmt::format("\n  {}. {}", number_of(job), job.location);
  std::erase_if(jobs, [&](const ConvertJob& job) { return !matches(job); });
  if (jobs.empty()) {
    throw Error(ErrorKind::kUsage, fmt::format("no target of the project matches; it has:{}", known));
  }
  return jobs;
}

/// Tasks of one run over shared state.
class Run {
 public:
  Run(const RunContext& context, const RunStages& stages)
      : context_(context), stages_(stages), media_(context),
        jobs_(stages.convert ? ChooseJobs(context, stages.targets) : std::vector<ConvertJob>{}) {}

  std::vector<ReportItem> Execute() {
    std::vector<StageTask> tasks;
    std::vector<size_t> before_convert;
    const auto nothing = [](const std::string&) {};
    if (stages_.preprocess) {
      tasks.push_back({"preprocessing", {}, false, [this] { return PreprocessAll(); }, nothing});
    }
    if (stages_.train) {
      std::vector<size_t> after;
      if (stages_.preprocess) after.push_back(tasks.size() - 1);
      tasks.push_back({"the training", after, true, [this] { return TrainModel(); },
                       [this](const std::string& cause) { SkipTraining(cause); }});
      before_convert.push_back(tasks.size() - 1);
    }
    for (const ConvertJob& job : jobs_) {
      std::vector<size_t> after;
      if (IsUrl(job.location)) {  // its download starts with everything else
        tasks.push_back({"the download", {}, false, [this, &job] { return Download(job); }, nothing});
        after.push_back(tasks.size() - 1);  // first: where both failed, the target's item is the download's
      }
      after.insert(after.end(), before_convert.begin(), before_convert.end());
      tasks.push_back({job.name, after, true, [this, &job] { return ConvertOne(job); },
                       [this, &job](const std::string& cause) {
                         if (cause == "the download") return;  // its failure is the item's
                         ReportSkippedConversion(job, WhyNot(cause), report_);
                       }});
    }
    RunStageGraph(tasks);
    if (stages_.convert && !context_.stop.stop_requested()) ForgetUnusedAnalyses();
    return report_.Take();
  }

 private:
  bool PreprocessAll() {
    try {
      Preprocess(context_, media_, report_);
    } catch (...) {
      AddFailure("faces", context_.project.name);
      return false;
    }
    // Whether there are enough faces is for the training to say.
    return !context_.stop.stop_requested();
  }

  /// What was seen of videos that no target shows any more.
  void ForgetUnusedAnalyses() {
    std::set<std::string> in_use;
    for (const ConvertJob& job : PlanConversions(context_)) {
      if (job.photos) continue;
      const std::string folder = AnalysisFolderOf(context_, job);
      if (std::filesystem::is_directory(job.output.parent_path() / job.output.stem())) continue;  // it was a picture
      if (folder.empty()) return;  // not converted yet: its analysis may be among those there
      in_use.insert(folder);
    }
    RemoveUnusedAnalyses(context_.workspace.Conversions(), in_use);
    const std::vector<Target>& targets = context_.project.targets;
    if (std::none_of(targets.begin(), targets.end(), [](const Target& t) { return t.sequence_fps.has_value(); })) {
      std::error_code ignored;
      std::filesystem::remove_all(context_.workspace.Conversions() / "sequences", ignored);
    }
  }

  bool TrainModel() {
    // Who asks for everything wants the results; who asks for the training wants it to go on.
    model_ = Train(context_, stages_.convert ? AfterUntil::kFinished : AfterUntil::kGoOn, report_);
    return model_.has_value();
  }

  bool Download(const ConvertJob& job) {
    try {
      media_.Get(job.location, std::nullopt);
      return true;
    } catch (...) {
      AddFailure("target", job.name, job.location);
      return false;
    }
  }

  bool ConvertOne(const ConvertJob& job) {
    if (!model_) {
      try {
        model_ = FindTrainedModel(context_);
      } catch (...) {
        AddFailure("target", job.name, job.location);
        return false;
      }
    }
    return Convert(context_, job, *model_, media_, report_);
  }

  std::string WhyNot(const std::string& cause) const {
    return context_.stop.stop_requested() ? kInterrupted : cause + " failed";
  }

  void SkipTraining(const std::string& cause) {
    ReportItem item;
    item.stage = "train";
    item.name = context_.project.name;
    const std::string why = WhyNot(cause);
    item.state = why == kInterrupted ? ItemState::kCancelled : ItemState::kPending;
    item.error = "not started: " + why;
    report_.Add(std::move(item));
  }

  void AddFailure(const std::string& stage, const std::string& name, const std::string& location = "") {
    ReportItem item;
    item.stage = stage;
    item.name = name;
    item.location = ShownLocation(location);
    SetFailure(item, std::current_exception());
    report_.Add(std::move(item));
  }

  const RunContext& context_;
  const RunStages& stages_;
  ReportBuilder report_;
  MediaStore media_;
  const std::vector<ConvertJob> jobs_;
  std::optional<StoredModel> model_;  // written by training, or by the first conversion: those run one at a time
};

/// Sources, faces, training, targets; within a stage in project order where the names tell it.
void SortItems(std::vector<ReportItem>& items) {
  const auto rank = [](const std::string& stage) {
    return stage == "source" ? 0 : stage == "faces" ? 1 : stage == "train" ? 2 : 3;
  };
  std::stable_sort(items.begin(), items.end(), [&](const ReportItem& a, const ReportItem& b) {
    return std::tuple(rank(a.stage), std::string_view(a.person), std::string_view(a.name)) <
           std::tuple(rank(b.stage), std::string_view(b.person), std::string_view(b.name));
  });
}

bool AnyPending(const RunReport& report) {
  return std::any_of(report.items.begin(), report.items.end(),
                     [](const ReportItem& item) { return item.state == ItemState::kPending; });
}

/// The page of the last run lies in the workspace; each run's own stays below output/reports.
void WriteReports(const Workspace& workspace, const RunReport& report) {
  std::string stamp = report.started_utc;
  std::replace(stamp.begin(), stamp.end(), ':', '-');
  try {
    WriteRunReport(workspace.root(), report);
    WriteRunReport(workspace.Output() / "reports" / stamp, report);
  } catch (const Error& e) {
    // The items and the exit code still reach the user on the terminal.
    LogWarning(fmt::format("the report could not be written: {}", e.what()));
  }
}

}  // namespace

RunReport RunProject(const Project& project, const RunStages& stages, ProgressSink& progress, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  RequireKnownActors(project);
  const RunContext context{project, Workspace(project.workspace), progress, std::move(stop), stages.sample_seconds};
  const WorkspaceLock lock(context.workspace);
  RemoveLeftovers(context.workspace);
  LogToFile(context.workspace.Log());
  LogInfo(fmt::format("reelswap {} works on {}", REELSWAP_VERSION, project.file.string()));
  RunReport report;
  report.project = project.name;
  report.tool_version = REELSWAP_VERSION;
  report.started_utc = UtcNow();
  for (const Person& person : project.people) report.consents[person.name] = person.consent;
  report.items = Run(context, stages).Execute();
  SortItems(report.items);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.interrupted = context.stop.stop_requested();
  WriteReports(context.workspace, report);
  return report;
}

int ExitCodeOf(const RunReport& report) {
  if (report.AnyCancelled() || (report.interrupted && AnyPending(report))) return 130;
  return report.AnyFailed() || AnyPending(report) ? 1 : 0;
}

}  // namespace reelswap
