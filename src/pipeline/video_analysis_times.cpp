#include "pipeline/video_analysis_times.h"

#include <fmt/format.h>

#include <fstream>

#include "core/files.h"

namespace reelswap {
namespace {

std::filesystem::path TimesPath(const std::filesystem::path& folder) { return folder / "stage_seconds.txt"; }

}  // namespace

std::map<std::string, double> ReadStageSeconds(const std::filesystem::path& folder) {
  std::map<std::string, double> seconds;
  std::ifstream in(TimesPath(folder));
  double value = 0;
  for (std::string stage; in >> value && std::getline(in >> std::ws, stage);) seconds[stage] = value;
  return seconds;
}

void WriteStageSeconds(const std::filesystem::path& folder, const std::map<std::string, double>& seconds) {
  std::string text;
  for (const auto& [stage, value] : seconds) text += fmt::format("{:.3f} {}\n", value, stage);
  WriteFileAtomically(TimesPath(folder), text);
}

}  // namespace reelswap
