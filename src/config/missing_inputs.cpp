#include <fmt/format.h>

#include "config/locations.h"
#include "config/project.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

/// "" when it is there, else a sentence.
std::string MissingSource(const Source& source, const fs::path& base_folder) {
  if (source.kind == Source::Kind::kUrl) return "";
  const fs::path path = ResolvePath(source.location, base_folder);
  std::error_code ignored;
  if (source.kind == Source::Kind::kPhotos) {
    return fs::is_directory(path, ignored) ? "" : fmt::format("the folder {} is not there", path.string());
  }
  if (fs::exists(path, ignored)) return "";
  if (!IsGlob(source.location)) return fmt::format("the file {} is not there", path.string());
  return MatchFiles(source.location, base_folder).empty() ? fmt::format("no file matches {}", path.string())
                                                          : "";
}

std::string MissingTarget(const Target& target, const fs::path& base_folder) {
  if (IsWebAddress(target.location)) return "";
  fs::path path = ResolvePath(target.location, base_folder);
  std::error_code ignored;
  // Of numbered pictures the folder; which numbers there are, only reading tells.
  if (target.sequence_fps && !fs::exists(path, ignored)) path = path.parent_path();
  return fs::exists(path, ignored) ? "" : fmt::format("the target {} is not there", path.string());
}

}  // namespace

std::vector<ProjectProblem> MissingInputs(const Project& project) {
  std::vector<ProjectProblem> missing;
  for (const Person& person : project.people) {
    for (const Source& source : person.sources) {
      const std::string sentence = MissingSource(source, project.base_folder);
      if (!sentence.empty())
        missing.push_back({source.line, source.column, "people." + person.name + ": " + sentence});
    }
  }
  for (const Target& target : project.targets) {
    const std::string sentence = MissingTarget(target, project.base_folder);
    if (!sentence.empty()) missing.push_back({target.line, target.column, "convert: " + sentence});
  }
  std::error_code ignored;
  const auto& cookies = project.download.cookies;
  if (cookies && !fs::exists(*cookies, ignored)) {
    missing.push_back({0, 0, fmt::format("download.cookies: the file {} is not there", cookies->string())});
  }
  return missing;
}

}  // namespace reelswap
