#include "model/training_folder.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <regex>
#include <string>

#include "core/error.h"
#include "core/log.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (entry.is_regular_file(ec)) files.push_back(entry.path());
  }
  return files;
}

void MoveTo(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  fs::create_directories(to.parent_path(), ec);
  fs::rename(from, to, ec);
  if (ec) throw Error(ErrorKind::kDisk, fmt::format("cannot move {} aside: {}", from.string(), ec.message()));
}

/// "earlier", "earlier_2", ...: what was set aside once is never written over.
fs::path UnusedFolder(const fs::path& folder) {
  std::error_code ec;
  fs::path aside = folder / "earlier";
  for (int n = 2; fs::exists(aside, ec); ++n) aside = folder / fmt::format("earlier_{}", n);
  return aside;
}

/// Nothing of this process is in the making when a training begins, so its own number is an earlier process's.
bool IsGone(const std::string& process) {
  const long id = std::strtol(process.c_str(), nullptr, 10);
  return id <= 0 || id == ::getpid() || (::kill(static_cast<pid_t>(id), 0) != 0 && errno == ESRCH);
}

}  // namespace

fs::path CheckpointPath(const fs::path& folder) { return folder / "checkpoint.safetensors"; }
fs::path PreviousCheckpointPath(const fs::path& folder) { return folder / "checkpoint.previous.safetensors"; }
fs::path BestPath(const fs::path& folder) { return folder / "best.safetensors"; }
fs::path MilestonePath(const fs::path& folder, int64_t iteration) {
  return folder / fmt::format("milestone_{:08}.safetensors", iteration);
}

std::vector<int64_t> ListMilestones(const fs::path& folder) {
  static const std::regex kName(R"(milestone_(\d{8,18})\.safetensors)");
  std::vector<int64_t> iterations;
  for (const fs::path& file : FilesIn(folder)) {
    const std::string name = file.filename().string();
    std::smatch match;
    if (std::regex_match(name, match, kName)) iterations.push_back(std::stoll(match[1]));
  }
  std::sort(iterations.begin(), iterations.end());
  return iterations;
}

std::vector<int64_t> MilestonesToDrop(std::vector<int64_t> iterations, size_t keep) {
  std::vector<int64_t> dropped;
  while (iterations.size() > keep && iterations.size() > 1) {
    size_t least = 0;
    int64_t nearest = 0;
    for (size_t i = 0; i + 1 < iterations.size(); ++i) {
      const int64_t gap = iterations[i + 1] - (i == 0 ? 0 : iterations[i - 1]);
      if (i == 0 || gap < nearest) {
        least = i;
        nearest = gap;
      }
    }
    dropped.push_back(iterations[least]);
    iterations.erase(iterations.begin() + static_cast<int64_t>(least));
  }
  return dropped;
}

void RemoveStaleTemporaries(const fs::path& folder) {
  static const std::regex kName(
      R"((?:checkpoint|checkpoint\.previous|best|milestone_\d+|history|loss|preview)\.(\d+)-\d+\.part\.\w+)");
  for (const fs::path& file : FilesIn(folder)) {
    const std::string name = file.filename().string();
    std::smatch match;
    if (!std::regex_match(name, match, kName) || !IsGone(match[1])) continue;
    std::error_code ec;
    fs::remove(file, ec);
    if (ec) LogWarning(fmt::format("cannot remove the unfinished {}: {}", file.string(), ec.message()));
  }
}

void SetEarlierWeightsAside(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ec;
  if (fs::exists(BestPath(folder), ec)) files.push_back(BestPath(folder));
  for (const int64_t iteration : ListMilestones(folder)) files.push_back(MilestonePath(folder, iteration));
  if (files.empty()) return;
  const fs::path aside = UnusedFolder(folder);
  for (const fs::path& file : files) MoveTo(file, aside / file.filename());
  LogWarning(fmt::format("{} holds weights of a training whose checkpoint is gone; they are kept in {}",
                         folder.string(), aside.string()));
}

void SetBestAside(const fs::path& folder) {
  std::error_code ec;
  if (!fs::exists(BestPath(folder), ec)) return;
  MoveTo(BestPath(folder), UnusedFolder(folder) / BestPath(folder).filename());
}

void SetDamagedAside(const fs::path& folder) {
  std::error_code ec;
  if (!fs::exists(CheckpointPath(folder), ec)) return;
  const fs::path aside = folder / "checkpoint.damaged.safetensors";
  MoveTo(CheckpointPath(folder), aside);
  LogWarning(fmt::format("the damaged checkpoint is kept as {}", aside.string()));
}

}  // namespace reelswap
