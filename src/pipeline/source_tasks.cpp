#include "pipeline/source_tasks.h"

#include <fmt/format.h>

#include <set>

#include "core/error.h"
#include "core/photo.h"
#include "fetch/fetch.h"
#include "pipeline/media_store.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

SourceTask MakeTask(const Project& project, const Person& person, const Source& source, const std::string& location) {
  SourceTask task;
  task.person = person.name;
  task.location = location;
  task.name = ShortName(location);
  task.start_seconds = source.start_seconds;
  task.end_seconds = source.end_seconds;
  task.sha256 = source.sha256;
  task.hold_out = source.hold_out;
  // A source's own sampling replaces the project's as a whole.
  if (source.every || source.fps) {
    task.every = source.every.value_or(1);
    task.fps = source.fps;
  } else {
    task.every = project.sample.every;
    task.fps = project.sample.fps;
  }
  task.photo_folder = source.kind == Source::Kind::kPhotos;
  task.id = SourceId(fmt::format("{}#{}-{}", location, source.start_seconds, source.end_seconds.value_or(-1)));
  return task;
}

std::vector<SourceTask> TasksOf(const Project& project, const Person& person, const Source& source) {
  if (source.kind == Source::Kind::kUrl) return {MakeTask(project, person, source, source.location)};
  std::vector<SourceTask> tasks;
  try {
    for (const fs::path& path : ExpandGlob(source.location, project.base_folder)) {
      const std::string absolute = fs::absolute(path).lexically_normal().string();
      SourceTask task = MakeTask(project, person, source, absolute);
      if (!task.photo_folder && fs::is_directory(path)) {
        task.error = fmt::format("{} is a folder: write {{photos: {}}} for a folder of pictures, or {}/* for its "
                                 "videos", absolute, source.location, source.location);
      }
      tasks.push_back(std::move(task));
    }
  } catch (const Error& e) {
    SourceTask task = MakeTask(project, person, source, source.location);
    task.error = e.what();
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace

std::vector<SourceTask> ExpandSources(const Project& project) {
  std::vector<SourceTask> all;
  std::set<std::pair<std::string, std::string>> seen;
  for (const Person& person : project.people) {
    for (const Source& source : person.sources) {
      for (SourceTask& task : TasksOf(project, person, source)) {
        if (seen.insert({task.person, task.id}).second) all.push_back(std::move(task));
      }
    }
  }
  return all;
}

}  // namespace reelswap
