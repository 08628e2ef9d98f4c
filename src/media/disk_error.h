#pragma once

#include <filesystem>

#include "core/error.h"

namespace reelswap::libav {

/// True for libav codes that mean the file system refused: full, read-only, no permission.
bool IsDiskError(int averror);

/// What to tell the user about such a code met while writing `path`.
Error DiskError(const std::filesystem::path& path, int averror);

}  // namespace reelswap::libav
