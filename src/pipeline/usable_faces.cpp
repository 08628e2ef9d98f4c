#include "pipeline/usable_faces.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/files.h"
#include "pipeline/held_out.h"
#include "pipeline/source_tasks.h"

namespace reelswap {
namespace {

cv::Point2f Apply(const cv::Matx23f& map, const cv::Point2f& p) {
  return {map(0, 0) * p.x + map(0, 1) * p.y + map(0, 2), map(1, 0) * p.x + map(1, 1) * p.y + map(1, 2)};
}

Landmarks InCrop(const FaceRecord& record) {
  Landmarks landmarks;
  for (size_t i = 0; i < landmarks.size(); ++i) {
    landmarks[i] = Apply(record.face_from_frame, record.face.landmarks[i]);
  }
  return landmarks;
}

/// The detector's box, upright in the crop: its centre and size follow the similarity.
cv::Rect2f BoxInCrop(const FaceRecord& record) {
  const cv::Rect2f& box = record.face.box;
  const cv::Matx23f& map = record.face_from_frame;
  const cv::Point2f centre = Apply(map, {box.x + box.width / 2, box.y + box.height / 2});
  const float scale = std::hypot(map(0, 0), map(1, 0));
  const cv::Size2f size(box.width * scale, box.height * scale);
  return {centre.x - size.width / 2, centre.y - size.height / 2, size.width, size.height};
}

HeldOutFace MakeHeldOutFace(const FaceSet& faces, const FaceRecord& record) {
  return {faces.ImagePath(record), record.pose,   InCrop(record), BoxInCrop(record),
          record.source,           record.frame_index, record.seconds};
}

}  // namespace

UsableFaces FindUsableFaces(const Project& project, const std::string& person, const FaceSet& faces) {
  HeldOutRules rules;
  rules.automatic = project.evaluate.hold_out;
  rules.fewest_training = project.train.options.batch;
  std::set<std::string> named;
  for (const SourceTask& task : ExpandSources(project)) {
    if (task.person != person) continue;
    named.insert(task.id);
    if (task.hold_out) rules.marked.insert(task.id);
  }
  std::vector<FaceRecord> records = faces.Records();
  std::erase_if(records, [&](const FaceRecord& r) { return !r.kept() || !named.contains(r.source); });
  const HeldOutSplit split = SplitHeldOut(records, rules);

  UsableFaces usable;
  usable.training.person = person;
  for (const size_t i : split.training) {
    usable.training.images.push_back(faces.ImagePath(records[i]));
    usable.training.poses.push_back(records[i].pose);
    usable.training.landmarks.push_back(InCrop(records[i]));
  }
  for (const size_t i : split.held_out) usable.held_out.push_back(MakeHeldOutFace(faces, records[i]));
  usable.same_clip = split.same_clip;
  usable.kept = static_cast<int64_t>(records.size());
  std::string keys;
  for (const std::string& id : named) keys += id + faces.FinishedKey(id) + "\n";
  // The training's own faces name the division: marking a source that gave none changes nothing.
  std::set<std::string> trained;
  for (const size_t i : split.training) trained.insert(records[i].image);
  for (const FaceRecord& record : records) {
    if (!trained.contains(record.image)) keys += "not trained: " + record.image + "\n";
  }
  usable.key = Sha256OfBytes(keys);
  return usable;
}

}  // namespace reelswap
