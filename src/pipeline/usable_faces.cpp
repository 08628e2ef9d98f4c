#include "pipeline/usable_faces.h"

#include <set>

#include "core/files.h"
#include "pipeline/source_tasks.h"

namespace reelswap {

UsableFaces FindUsableFaces(const Project& project, const std::string& person, const FaceSet& faces) {
  std::set<std::string> named;
  for (const SourceTask& task : ExpandSources(project)) {
    if (task.person == person) named.insert(task.id);
  }
  UsableFaces usable;
  std::string keys;
  for (const std::string& id : named) keys += id + faces.FinishedKey(id) + "\n";
  usable.key = Sha256OfBytes(keys);
  for (const FaceRecord& record : faces.Records()) {
    if (record.kept() && named.contains(record.source)) usable.images.push_back(faces.ImagePath(record));
  }
  return usable;
}

}  // namespace reelswap
