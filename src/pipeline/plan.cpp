#include "pipeline/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/photo.h"
#include "fetch/fetch.h"
#include "media/video_info.h"
#include "pipeline/convert.h"
#include "pipeline/finder.h"
#include "pipeline/media_store.h"
#include "pipeline/picture_sequence.h"
#include "pipeline/project_trial.h"
#include "pipeline/source_tasks.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kUnbounded = 1'000'000'000;  // what another end alone leaves of the iterations

/// Numbered pictures that are read as a video.
PlannedItem PlanSequence(const ConvertJob& job) {
  PlannedItem item;
  item.location = ShownLocation(job.location);
  const Target& target = *job.target;
  double there = 0;
  try {
    there = static_cast<double>(SequencePictures(job.location).size());
  } catch (const Error& e) {
    item.problem = e.what();
    return item;
  }
  const double rest = std::max(0.0, there / *target.sequence_fps - target.start_seconds);
  item.seconds = std::min(rest, target.duration_seconds.value_or(rest));
  item.pictures = static_cast<int64_t>(*item.seconds * *target.sequence_fps + 0.5);
  return item;
}

PlannedItem PlanVideo(const Workspace& workspace, const std::string& location, double start_seconds,
                      std::optional<double> end_seconds, double sampled_per_second, int every) {
  PlannedItem item;
  item.location = ShownLocation(location);
  const auto path = FindOnDisk(workspace, location);
  if (!path) {
    item.to_download = true;
    return item;
  }
  try {
    if (fs::is_directory(*path) || IsPhotoPath(*path)) {
      item.pictures = fs::is_directory(*path) ? static_cast<int64_t>(ListPhotos(*path).size()) : 1;
      return item;
    }
    const VideoInfo info = ProbeVideo(*path);
    if (info.duration_seconds <= 0) return item;
    const double end = std::min(end_seconds.value_or(info.duration_seconds), info.duration_seconds);
    item.seconds = std::max(0.0, end - start_seconds);
    const double rate = sampled_per_second > 0 ? sampled_per_second : info.frame_rate.ToDouble() / every;
    item.pictures = static_cast<int64_t>(*item.seconds * rate);
  } catch (const Error& e) {
    item.problem = e.what();
  }
  return item;
}

std::string HoursOrMinutes(double hours) {
  return hours < 1 ? fmt::format("{:.0f} min", std::max(1.0, hours * 60)) : fmt::format("{:.1f} h", hours);
}

bool EndsOtherwise(const TrainOptions& train) {
  return train.max_hours > 0 || train.until_minute >= 0 || train.plateau;
}

/// "2 h are over or it is 07:00": what may end a training before its iterations.
std::string OtherEnds(const TrainOptions& train) {
  std::vector<std::string> ends;
  if (train.max_hours > 0) ends.push_back(fmt::format("{} h are over", train.max_hours));
  if (train.until_minute >= 0) {
    ends.push_back(fmt::format("it is {:02}:{:02}", train.until_minute / 60, train.until_minute % 60));
  }
  if (train.plateau) ends.push_back("the held-out score no longer rises");
  return fmt::format("{}", fmt::join(ends, " or "));
}

/// The most faces that the person with the fewest can give; 0 where some source's length is not known.
int64_t FewestFaces(const std::vector<PlannedItem>& sources) {
  std::map<std::string, int64_t> faces;
  for (const PlannedItem& item : sources) {
    if (!item.pictures) return 0;
    faces[item.person] += *item.pictures;
  }
  int64_t fewest = 0;
  for (const auto& [person, count] : faces) fewest = fewest == 0 ? count : std::min(fewest, count);
  return fewest;
}

/// number: of a target, as `reelswap convert` takes it; 0 = none.
void AppendItem(std::string& text, const PlannedItem& item, size_t number = 0) {
  std::string what;
  if (!item.problem.empty()) {
    what = "cannot be used: " + item.problem;
  } else if (item.to_download) {
    what = "to be downloaded";
  } else {
    if (item.seconds) what = fmt::format("{:.1f} s", *item.seconds);
    if (item.pictures) what += fmt::format("{}{} pictures", what.empty() ? "" : ", ", *item.pictures);
    if (what.empty()) what = "length not declared";
  }
  const std::string mark = number > 0 ? fmt::format("{}. ", number) : "";
  text += fmt::format("  {}{:<12} {}: {}\n", mark, item.person, item.location, what);
}

}  // namespace

Plan MakePlan(const Project& project) {
  RequireKnownActors(project);
  Plan plan;
  const Workspace workspace(project.workspace);
  for (const SourceTask& task : ExpandSources(project)) {
    PlannedItem item = PlanVideo(workspace, task.location, task.start_seconds, task.end_seconds,
                                 task.fps.value_or(0), task.every);
    if (!task.error.empty()) item.problem = task.error;
    item.person = task.person;
    plan.pictures_at_least += item.pictures.value_or(0);
    plan.sources.push_back(std::move(item));
  }
  NullProgress none;
  const RunContext context{project, workspace, none, {}};
  for (const ConvertJob& job : PlanConversions(context)) {
    const Target& target = *job.target;
    std::optional<double> end;
    if (target.duration_seconds) end = target.start_seconds + *target.duration_seconds;
    PlannedItem item = target.sequence_fps ? PlanSequence(job)
                                           : PlanVideo(workspace, job.location, target.start_seconds, end, 0, 1);
    if (!job.error.empty()) item.problem = job.error;
    item.person = DescribeSwaps(job.swaps);
    item.number = static_cast<int>(job.target - project.targets.data()) + 1;
    plan.targets.push_back(std::move(item));
  }
  const TrainOptions& train = project.train.options;
  plan.batch = train.batch;
  if (project.train.fastest_batch) {
    plan.batch = WithFinderChoice(workspace, project.train, {FewestFaces(plan.sources), 0}).batch;
  }
  const auto images = static_cast<double>(train.iterations) * plan.batch * static_cast<double>(project.people.size());
  plan.training_gflop = 3 * FindArchitecture(train.architecture).forward_gflop * images;
  plan.training_hours_at_300 = plan.training_gflop / 300 / 3600;
  plan.faces_gb_at_most = static_cast<double>(plan.pictures_at_least) * 30e3 / 1e9;  // a 256 px crop is about 30 kB
  return plan;
}

std::string FormatPlan(const Project& project, const Plan& plan) {
  std::string text = fmt::format("project {}: nothing is started by this command\nsources\n", project.name);
  for (const PlannedItem& item : plan.sources) AppendItem(text, item);
  text += "targets\n";
  for (const PlannedItem& item : plan.targets) AppendItem(text, item, static_cast<size_t>(item.number));
  const auto downloads = std::count_if(plan.sources.begin(), plan.sources.end(),
                                       [](const PlannedItem& item) { return item.to_download; });
  text += fmt::format("faces: at most {}{} from {} sources, {:.2f} GB on disk\n", plan.pictures_at_least,
                      downloads > 0 ? fmt::format(" (and those of {} downloads)", downloads) : "",
                      plan.sources.size(), plan.faces_gb_at_most);
  const TrainOptions& train = project.train.options;
  if (train.iterations >= kUnbounded) {
    return text + fmt::format("training: {} until {}\n", train.architecture, OtherEnds(train));
  }
  text += fmt::format("training: {} with {} iterations of {} faces per person, {:.0f} TFLOP: about {} at 300 "
                      "GFLOP/s (two modern cores with bf16){}\n",
                      train.architecture, train.iterations, plan.batch, plan.training_gflop / 1000,
                      HoursOrMinutes(plan.training_hours_at_300),
                      EndsOtherwise(train) ? fmt::format(", or until {}", OtherEnds(train)) : "");
  return text;
}

}  // namespace reelswap
