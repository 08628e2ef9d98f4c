#pragma once

#include <string>
#include <vector>

namespace reelswap {

/// One thing `doctor` looked at.
struct DoctorFinding {
  enum class State { kGood, kWarning, kMissing };
  State state = State::kGood;
  std::string topic;  ///< "LibTorch", "BLAS", ...
  std::string found;
  std::string cure;   ///< empty when there is nothing to do
};

/// Looks at LibTorch and its device, BLAS, encoders, yt-dlp (`ytdlp_program`) and its age, weights, disk
/// and memory.
std::vector<DoctorFinding> ExamineMachine(const std::string& ytdlp_program = "yt-dlp");

/// Days from `version` (yt-dlp's "2023.03.04") to today, or -1 when it is no date.
int AgeInDays(const std::string& version);

}  // namespace reelswap
