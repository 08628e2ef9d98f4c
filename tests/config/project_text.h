#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/project.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {

inline void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A valid project of two people without `convert`; lines 1 to 8.
inline std::string MinimalProject() {
  return "name: test\n"
         "people:\n"
         "  ava:\n"
         "    consent: \"signed release 1\"\n"
         "    sources: [a.mp4]\n"
         "  ben:\n"
         "    consent: \"signed release 2\"\n"
         "    sources: [b.mp4]\n";
}

/// Loads a text as project.yaml in a folder of its own.
class ProjectInFolder {
 public:
  explicit ProjectInFolder(const std::string& text) { WriteText(file(), text); }
  std::filesystem::path file() const { return folder_ / "project.yaml"; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  Project Load(const std::vector<std::string>& overrides = {}) const {
    return LoadProject(file(), overrides);
  }
  /// "line:column: message" of every problem; empty when the project is valid.
  std::vector<std::string> Problems(const std::vector<std::string>& overrides = {}) const {
    std::vector<std::string> lines;
    try {
      Load(overrides);
    } catch (const ProjectError& error) {
      for (const ProjectProblem& p : error.problems()) {
        lines.push_back(std::to_string(p.line) + ":" + std::to_string(p.column) + ": " + p.message);
      }
    }
    return lines;
  }

 private:
  TempDir folder_;
};

inline std::vector<std::string> ProblemsOf(const std::string& text,
                                           const std::vector<std::string>& overrides = {}) {
  return ProjectInFolder(text).Problems(overrides);
}

}  // namespace reelswap::testing
