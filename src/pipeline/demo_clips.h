#pragma once

#include <filesystem>
#include <stop_token>

#include "core/progress.h"

namespace reelswap {

/// Renders the virtual actors' clips (data/demo) again into `folder`: H.264 with speech-like AAC.
/// Takes minutes. Each clip appears under its name when it is complete. Throws Error(kDisk, kMedia).
void RenderDemoClips(const std::filesystem::path& folder, ProgressSink& progress, std::stop_token stop);

}  // namespace reelswap
