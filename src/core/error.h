#pragma once

#include <stdexcept>
#include <string>

namespace reelswap {

/// What part of the world failed. Decides the exit code (see ExitCodeFor) and the icon in reports.
enum class ErrorKind {
  kUsage,        ///< the command line is wrong
  kProject,      ///< the project file is wrong
  kNetwork,      ///< a download failed
  kMedia,        ///< a video or picture cannot be read or written
  kFaces,        ///< too few or no usable faces
  kModel,        ///< a model cannot be loaded, does not fit, or diverged
  kDisk,         ///< the file system refused (full, no permission)
  kMissingTool,  ///< a program or a weights file that is not installed
  kCancelled,    ///< the user interrupted
};

/// The world failed: carries one sentence that names the thing, the library's reason and, where
/// there is one, the cure. `what()` is shown to users as it is. Contract breaches of callers are
/// std::invalid_argument instead.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// Short stable name for reports and JSON: "network", "media", ...
std::string ToString(ErrorKind kind);

/// 2 for kUsage and kProject, 130 for kCancelled, else 1.
int ExitCodeFor(ErrorKind kind);

}  // namespace reelswap
