#include "core/error.h"

namespace reelswap {

std::string ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage: return "usage";
    case ErrorKind::kProject: return "project";
    case ErrorKind::kNetwork: return "network";
    case ErrorKind::kMedia: return "media";
    case ErrorKind::kFaces: return "faces";
    case ErrorKind::kModel: return "model";
    case ErrorKind::kDisk: return "disk";
    case ErrorKind::kMissingTool: return "missing_tool";
    case ErrorKind::kCancelled: return "cancelled";
  }
  return "unknown";
}

int ExitCodeFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
    case ErrorKind::kProject: return 2;
    case ErrorKind::kCancelled: return 130;
    default: return 1;
  }
}

}  // namespace reelswap
