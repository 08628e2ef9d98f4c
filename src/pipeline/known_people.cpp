#include "pipeline/known_people.h"

namespace reelswap {

std::map<std::string, UsableFaces> FindKnownPeople(const RunContext& context) {
  std::map<std::string, UsableFaces> faces;
  for (const Person& person : context.project.people) {
    const std::filesystem::path folder = context.workspace.Faces(person.name);
    if (!std::filesystem::exists(folder)) continue;  // opening a set would create it
    faces.emplace(person.name, FindUsableFaces(context.project, person.name, FaceSet(folder, kStoredCrop)));
  }
  return faces;
}

}  // namespace reelswap
