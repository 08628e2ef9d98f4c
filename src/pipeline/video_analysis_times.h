#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace reelswap {

// How long an analysis took, over all its runs. Beside the results, which do not depend on it. Never a reason to fail:
// what cannot be read is empty.

std::map<std::string, double> ReadStageSeconds(const std::filesystem::path& folder);
/// Throws Error(kDisk).
void WriteStageSeconds(const std::filesystem::path& folder, const std::map<std::string, double>& seconds);

}  // namespace reelswap
