#pragma once

#include <stop_token>
#include <thread>

namespace reelswap {

/// Turns the first Ctrl-C (SIGINT), SIGTERM or SIGHUP into a stop request: the current unit is finished and a
/// consistent state left behind. A second one ends the process at once with exit code 130. Must be
/// made before any other thread, so that all of them inherit the blocked signals.
class StopOnSignals {
 public:
  StopOnSignals();
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;
  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread waiter_;
};

}  // namespace reelswap
