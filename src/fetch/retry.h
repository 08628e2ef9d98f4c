#pragma once

#include <random>
#include <stop_token>
#include <string>

namespace reelswap {

/// Counts attempts and waits between them: first_backoff, doubled each time, times a random factor
/// in [0.75, 1.25] so that many downloads do not come back in step; two minutes at most.
class RetrySchedule {
 public:
  RetrySchedule(int max_attempts, double first_backoff_seconds);

  /// False when every attempt was used.
  bool MayRetry() const { return failures_ < max_attempts_; }
  int failures() const { return failures_; }
  int max_attempts() const { return max_attempts_; }

  /// Notes a failed attempt; returns the seconds to wait before the next one. A server's
  /// Retry-After (0 = none) is a lower bound, itself taken as 60 s at most.
  double NextWaitSeconds(double retry_after_seconds);
  /// An attempt made headway: the count starts again.
  void Restart() { failures_ = 0; }

 private:
  int max_attempts_;
  double first_backoff_seconds_;
  int failures_ = 0;
  std::minstd_rand random_;
};

/// Sleeps; returns false at once when a stop is requested.
bool WaitUnlessStopped(double seconds, std::stop_token stop);

/// Throws Error(kCancelled) naming `what` when a stop was requested.
void ThrowIfStopped(const std::stop_token& stop, const std::string& what);

}  // namespace reelswap
