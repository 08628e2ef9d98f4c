#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pipeline/swap_plan.h"

namespace reelswap {

// How a plan lies on disk: frames one after the other, then where each begins, then what is said of the whole, a checksum
// and where that part begins. Frames are read one by one, so a plan takes no memory.

/// What a plan says beside its frames.
struct PlanSummary {
  std::vector<SwapDirection> directions;
  std::vector<TrackVerdict> verdicts;
  PlanTally tally;
  std::vector<std::string> warnings;
};

std::filesystem::path PlanPath(const std::filesystem::path& folder);

/// Writes a plan under a temporary name, frame by frame. Not thread-safe.
class SwapPlanWriter {
 public:
  /// Throws Error(kDisk).
  SwapPlanWriter(const std::filesystem::path& folder, const std::string& key);
  ~SwapPlanWriter();
  SwapPlanWriter(const SwapPlanWriter&) = delete;
  SwapPlanWriter& operator=(const SwapPlanWriter&) = delete;

  /// Frame number n is the n-th.
  void Add(const PlannedFrame& frame);
  void Commit(const PlanSummary& summary);

 private:
  void Write(const std::string& bytes);

  std::filesystem::path path_, temporary_;
  std::string key_;
  std::ofstream out_;
  std::vector<uint64_t> starts_;
  uint64_t written_ = 0;
  uint64_t sum_;
};

/// Reads frames of a finished plan. Thread-safe.
class SwapPlanReader {
 public:
  /// Checks the whole file. Throws Error(kMedia) when it is not there, damaged or of another key.
  SwapPlanReader(const std::filesystem::path& folder, const std::string& key);
  ~SwapPlanReader();
  SwapPlanReader(const SwapPlanReader&) = delete;
  SwapPlanReader& operator=(const SwapPlanReader&) = delete;

  int64_t frames() const { return frames_; }
  const PlanSummary& summary() const { return summary_; }
  /// Throws std::out_of_range.
  PlannedFrame At(int64_t number) const;

 private:
  std::string ReadAt(uint64_t offset, size_t size) const;
  void Open(const std::string& key);

  std::filesystem::path path_;
  int fd_ = -1;
  int64_t frames_ = 0;
  uint64_t starts_at_ = 0;
  PlanSummary summary_;
};

}  // namespace reelswap
