#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/faces.h"

namespace reelswap {

/// How faces are stored: 256 px of a region that reaches past brows, chin and temples, so that every
/// architecture finds its own crop with room for warp and rotation inside (HOUSE: CropGeometry).
inline constexpr CropGeometry kStoredCrop{256, 1.8f, 0.10f};

/// Where a project's work lies (see PROJECT_FILE: a workspace). Paths only; nothing is created.
class Workspace {
 public:
  explicit Workspace(std::filesystem::path root) : root_(std::move(root)) {}
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path SourceFolder(const std::string& source_id) const { return root_ / "videos" / source_id; }
  std::filesystem::path Faces(const std::string& person) const { return root_ / "faces" / person; }
  std::filesystem::path Model() const { return root_ / "model"; }
  std::filesystem::path Output() const { return root_ / "output"; }
  std::filesystem::path Evaluation() const { return root_ / "evaluation"; }
  /// Conversions in the making, and what is known of the videos they convert.
  std::filesystem::path Conversions() const { return root_ / "convert"; }
  std::filesystem::path Sheets() const { return root_ / "sheets"; }
  std::filesystem::path Log() const { return root_ / "run.log"; }

 private:
  std::filesystem::path root_;
};

/// Holds a workspace for this process; released with the object or the process.
class WorkspaceLock {
 public:
  /// Throws Error(kUsage) when another process holds it, Error(kDisk) when it cannot be created.
  explicit WorkspaceLock(const Workspace& workspace);
  ~WorkspaceLock();
  WorkspaceLock(const WorkspaceLock&) = delete;
  WorkspaceLock& operator=(const WorkspaceLock&) = delete;

 private:
  int fd_ = -1;
};

/// Removes temporary files that a killed run left in outputs, model folder, evaluations and conversions (see TemporaryPathFor). Call it
/// with the lock held. Downloads' .part files stay: they are resumed.
void RemoveLeftovers(const Workspace& workspace);

/// Letters, digits, '-' and '_' of `text`, at most 40 characters: safe in a file name. Never empty.
std::string SafeName(const std::string& text);

/// Now as ISO 8601 UTC, "2026-11-20T09:46:48Z".
std::string UtcNow();

}  // namespace reelswap
