#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>

#include "core/progress.h"

namespace reelswap {

using ProgressTime = std::chrono::steady_clock::time_point;
/// Monotonic time; injectable so that tests need not wait.
using ProgressClock = std::function<ProgressTime()>;

/// How fast a counter grows, smoothed over the last seconds. Not thread-safe.
class ProgressRate {
 public:
  /// The counter stood at `done` at `now`. A counter that falls (a download that started over)
  /// starts the measurement again.
  void Observe(double done, ProgressTime now);

  /// Units per second over about the last five seconds (longer while events are rarer than that);
  /// falls towards 0 while nothing arrives. Nothing until half a second was seen.
  std::optional<double> PerSecond(ProgressTime now) const;

  /// Seconds until `total` at the present rate. Nothing without a rate, without a known total
  /// (total <= 0) or while it stands still.
  std::optional<double> SecondsLeft(double total, ProgressTime now) const;

 private:
  struct Sample {
    ProgressTime time;
    double done;
  };
  std::deque<Sample> samples_;  // bounded: at most ten a second over the window
  std::optional<Sample> latest_;
};

/// What the sinks remember of one item. Not thread-safe.
struct ProgressItem {
  ProgressEvent last;  ///< the latest accepted event
  ProgressRate rate;
  ProgressTime started;
  double done_at_start = 0;  ///< a resumed download or training does not start at 0
  bool known = false;

  bool ended() const { return known && last.state != ProgressEvent::State::kRunning; }

  /// Takes an event in, or refuses it (false): an end that was reported already, and a running
  /// event that another thread sent before the end but that arrives after it. A running event
  /// after a failure, or one that has fallen behind the end's counter, is a new attempt.
  bool Accept(const ProgressEvent& event, ProgressTime now);

  /// Units per second from the start until now; nothing when no time or no work was measured.
  std::optional<double> AveragePerSecond(ProgressTime now) const;
};

}  // namespace reelswap
