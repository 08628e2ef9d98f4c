#include "pipeline/source_tasks.h"

#include <fmt/format.h>

#include <map>

#include "core/error.h"
#include "core/photo.h"
#include "fetch/fetch.h"
#include "pipeline/media_store.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

std::string IdOf(const std::string& location, double start_seconds, double end_seconds) {
  return SourceId(fmt::format("{}#{}-{}", location, start_seconds, end_seconds));
}

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
  task.id = IdOf(location, source.start_seconds, source.end_seconds.value_or(-1));
  task.clip = IdOf(location, 0, -1);
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
  std::map<std::pair<std::string, std::string>, size_t> seen;
  for (const Person& person : project.people) {
    for (const Source& source : person.sources) {
      for (SourceTask& task : TasksOf(project, person, source)) {
        const auto [first, is_new] = seen.emplace(std::pair(task.person, task.id), all.size());
        if (is_new) {
          all.push_back(std::move(task));
        } else if (task.hold_out) {
          all[first->second].hold_out = true;  // a pattern names the file, a later entry holds it out
        }
      }
    }
  }
  return all;
}

}  // namespace reelswap
