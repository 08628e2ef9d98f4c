#include "fetch/retry.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "core/error.h"

namespace reelswap {

namespace {
constexpr double kLongestRetryAfterSeconds = 60;
constexpr double kLongestBackoffSeconds = 120;
}  // namespace

RetrySchedule::RetrySchedule(int max_attempts, double first_backoff_seconds)
    : max_attempts_(std::max(1, max_attempts)),
      first_backoff_seconds_(std::max(0.0, first_backoff_seconds)),
      random_(std::random_device{}()) {}

double RetrySchedule::NextWaitSeconds(double retry_after_seconds) {
  const double doubled = first_backoff_seconds_ * std::pow(2.0, std::min(failures_, 30));
  const double factor = std::uniform_real_distribution<double>(0.75, 1.25)(random_);
  ++failures_;
  const double wait = std::min(doubled * factor, kLongestBackoffSeconds);
  return std::max(wait, std::clamp(retry_after_seconds, 0.0, kLongestRetryAfterSeconds));
}

bool WaitUnlessStopped(double seconds, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
  return !stop.stop_requested();
}

void ThrowIfStopped(const std::stop_token& stop, const std::string& what) {
  if (stop.stop_requested()) {
    throw Error(ErrorKind::kCancelled, "download of " + what + " interrupted (run again to continue)");
  }
}

}  // namespace reelswap
