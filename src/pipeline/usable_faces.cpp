#include "pipeline/usable_faces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/files.h"
#include "pipeline/crop_places.h"
#include "pipeline/held_out.h"
#include "pipeline/source_tasks.h"

namespace reelswap {
namespace {

HeldOutFace MakeHeldOutFace(const FaceSet& faces, const FaceRecord& record) {
  const cv::Matx23f& map = record.face_from_frame;
  return {faces.ImagePath(record),    record.pose,        Moved(map, record.face.landmarks), Moved(map, record.face.box),
          record.source,              record.frame_index, record.seconds};
}

/// True for faces of a training range in, or near to, a held-out range of the same file.
bool IsSpoilt(const FaceRecord& record, const std::map<std::string, SourceTask>& tasks) {
  const SourceTask& own = tasks.at(record.source);
  if (own.hold_out || own.photo_folder) return false;
  return std::any_of(tasks.begin(), tasks.end(), [&](const auto& entry) {
    const SourceTask& other = entry.second;
    return other.hold_out && other.clip == own.clip && record.seconds > other.start_seconds - kHeldOutGapSeconds &&
           (!other.end_seconds || record.seconds < *other.end_seconds + kHeldOutGapSeconds);
  });
}

/// What those of `indices` are called in the index; their order there does not matter.
std::string HashOfIdentities(const std::vector<FaceRecord>& records, const std::vector<size_t>& indices) {
  std::set<std::string> names;
  for (const size_t i : indices) {
    names.insert(fmt::format("{} {} {}\n", records[i].source, records[i].frame_index, records[i].face_number));
  }
  std::string text;
  for (const std::string& name : names) text += name;
  return Sha256OfBytes(text);
}

std::set<std::string> SourcesOf(const std::vector<FaceRecord>& records, const std::vector<size_t>& indices) {
  std::set<std::string> sources;
  for (const size_t i : indices) sources.insert(records[i].source);
  return sources;
}

/// The sources, each with the key of its content and settings.
std::string WithFinishedKeys(const std::set<std::string>& sources, const FaceSet& faces) {
  std::string keys;
  for (const std::string& id : sources) keys += id + faces.FinishedKey(id) + "\n";
  return keys;
}

/// The training's sources and which of their faces it uses: what other sources hold changes nothing.
std::string TrainingText(const std::vector<FaceRecord>& kept, const std::vector<FaceRecord>& records,
                         const std::vector<size_t>& training, const FaceSet& faces) {
  const std::set<std::string> sources = SourcesOf(records, training);
  std::string text = WithFinishedKeys(sources, faces);
  std::set<std::string> trained;
  for (const size_t i : training) trained.insert(records[i].image);
  for (const FaceRecord& record : kept) {
    if (sources.contains(record.source) && !trained.contains(record.image)) text += "not trained: " + record.image + "\n";
  }
  return text;
}

}  // namespace

UsableFaces FindUsableFaces(const Project& project, const std::string& person, const FaceSet& faces) {
  HeldOutRules rules;
  rules.automatic = project.evaluate.hold_out;
  rules.fewest_training = project.train.options.batch;
  std::map<std::string, SourceTask> tasks;
  for (const SourceTask& task : ExpandSources(project)) {
    if (task.person != person) continue;
    tasks.emplace(task.id, task);
    rules.clip_of.emplace(task.id, task.clip);
    if (task.hold_out) rules.marked.insert(task.id);
  }
  std::vector<FaceRecord> kept = faces.Records();
  std::erase_if(kept, [&](const FaceRecord& r) { return !r.kept() || !tasks.contains(r.source); });
  std::vector<FaceRecord> records = kept;
  std::erase_if(records, [&](const FaceRecord& r) { return IsSpoilt(r, tasks); });
  const HeldOutSplit split = SplitHeldOut(records, rules);

  UsableFaces usable;
  usable.training.person = person;
  for (const size_t i : split.training) {
    usable.training.images.push_back(faces.ImagePath(records[i]));
    usable.training.poses.push_back(records[i].pose);
    usable.training.landmarks.push_back(Moved(records[i].face_from_frame, records[i].face.landmarks));
  }
  for (const size_t i : split.held_out) usable.held_out.push_back(MakeHeldOutFace(faces, records[i]));
  usable.same_clip = split.same_clip;
  usable.kept = static_cast<int64_t>(kept.size());
  usable.training_faces = HashOfIdentities(records, split.training);
  usable.key = Sha256OfBytes(TrainingText(kept, records, split.training, faces));
  usable.judging_key = Sha256OfBytes(WithFinishedKeys(SourcesOf(records, split.held_out), faces) +
                                     HashOfIdentities(records, split.held_out));
  return usable;
}

std::string ScoreKey(const EvaluateSettings& evaluate, const std::map<std::string, UsableFaces>& faces,
                     bool identity_weights) {
  std::string text = fmt::format("v1 frames {} identity {}\n", evaluate.frames, evaluate.identity && identity_weights);
  for (const auto& [person, actor] : evaluate.actors) text += fmt::format("actor {} {}\n", person, actor);
  for (const auto& [person, usable] : faces) text += fmt::format("faces {} {}\n", person, usable.judging_key);
  return Sha256OfBytes(text);
}

}  // namespace reelswap
