#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/progress.h"

namespace reelswap {

/// Progress of one download: bytes, total and rate, ten times a second at most. One thread.
class FetchProgress {
 public:
  FetchProgress(ProgressSink& sink, std::string item);

  /// `received` of `total` bytes (0 = unknown) are on disk.
  void Received(int64_t received, int64_t total);
  /// As Received, with a rate that somebody else measured.
  void Received(int64_t received, int64_t total, double bytes_per_second);
  /// A word on what goes on: "HTTP 503, again in 2.1 s".
  void Note(const std::string& note);
  void Finish(ProgressEvent::State state, int64_t bytes, const std::string& note);

 private:
  void Report(ProgressEvent::State state, const std::string& note);

  ProgressSink& sink_;
  std::string item_;
  int64_t received_ = 0;
  int64_t total_ = 0;
  double rate_ = 0;
  int64_t window_bytes_ = 0;
  std::chrono::steady_clock::time_point window_start_;
  std::chrono::steady_clock::time_point last_report_{};
};

}  // namespace reelswap
