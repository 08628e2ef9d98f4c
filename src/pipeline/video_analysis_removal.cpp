#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/log.h"
#include "pipeline/video_analysis.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

/// "video_" and hexadecimal digits. A conversion of video_ava.mp4 keeps its chunks in a folder that begins alike, too.
bool IsNameOfAnalysis(std::string_view name) {
  constexpr std::string_view kStart = "video_";
  return name.starts_with(kStart) && name.size() > kStart.size() &&
         name.find_first_not_of("0123456789abcdef", kStart.size()) == std::string_view::npos;
}

}  // namespace

void RemoveUnusedAnalyses(const fs::path& conversions, const std::set<std::string>& folders_in_use) {
  std::error_code ec;
  if (!fs::is_directory(conversions, ec)) return;
  std::vector<fs::path> unused;
  for (fs::directory_iterator it(conversions, ec), end; !ec && it != end; it.increment(ec)) {
    const std::string name = it->path().filename().string();
    std::error_code unknown;  // what cannot be asked is no folder of ours
    const bool is_folder = fs::is_directory(it->symlink_status(unknown));
    if (is_folder && IsNameOfAnalysis(name) && !folders_in_use.contains(name)) unused.push_back(it->path());
  }
  if (ec) LogWarning(fmt::format("cannot look through {}: {}", conversions.string(), ec.message()));
  for (const fs::path& folder : unused) {
    fs::remove_all(folder, ec);
    if (ec) LogWarning(fmt::format("cannot remove {}, which is no longer needed: {}", folder.string(), ec.message()));
  }
}

}  // namespace reelswap
