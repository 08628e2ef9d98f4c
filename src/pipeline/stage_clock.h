#pragma once

#include <time.h>

#include <map>
#include <mutex>
#include <string>

namespace reelswap {

/// Adds up the processor seconds that each stage spends on its own threads. Thread-safe.
class StageClock {
 public:
  /// Measures its own lifetime on the calling thread.
  class Span {
   public:
    Span(StageClock& clock, const char* stage) : clock_(clock), stage_(stage), start_(Now()) {}
    ~Span() { clock_.Add(stage_, Now() - start_); }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    StageClock& clock_;
    const char* stage_;
    double start_;
  };

  Span Measure(const char* stage) { return {*this, stage}; }
  void Add(const std::string& stage, double seconds) {
    std::lock_guard lock(mutex_);
    seconds_[stage] += seconds;
  }
  std::map<std::string, double> Seconds() const {
    std::lock_guard lock(mutex_);
    return seconds_;
  }
  /// Processor seconds of the whole process so far, codec threads included.
  static double ProcessSeconds() { return Read(CLOCK_PROCESS_CPUTIME_ID); }

 private:
  static double Now() { return Read(CLOCK_THREAD_CPUTIME_ID); }
  static double Read(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }

  mutable std::mutex mutex_;
  std::map<std::string, double> seconds_;
};

}  // namespace reelswap
