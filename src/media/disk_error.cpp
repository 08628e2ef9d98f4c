#include "media/disk_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "media/libav_log.h"

extern "C" {
#include <libavutil/error.h>
}

namespace reelswap::libav {

bool IsDiskError(int averror) {
  static constexpr std::array kCodes = {ENOSPC, EDQUOT, EFBIG,  EIO,    EROFS,
                                        EACCES, EPERM,  ENOENT, EMFILE, ENFILE};
  return std::any_of(kCodes.begin(), kCodes.end(), [&](int code) { return averror == AVERROR(code); });
}

Error DiskError(const std::filesystem::path& path, int averror) {
  if (averror == AVERROR(ENOSPC)) {
    return Error(
        ErrorKind::kDisk,
        fmt::format("the disk is full while writing {}: free some space and run again", path.string()));
  }
  return Error(ErrorKind::kDisk,
               fmt::format("cannot write {}: {}: check the folder's permissions, quota and disk",
                           path.string(), CodeText(averror)));
}

}  // namespace reelswap::libav
