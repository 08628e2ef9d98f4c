#pragma once

#include <chrono>
#include <functional>

namespace reelswap {

/// Where a training reads the time; tests bring their own.
struct TrainingClock {
  std::function<double()> seconds;                              ///< since any fixed instant, never going back
  std::function<std::chrono::system_clock::time_point()> now;  ///< the time of day
};
/// The machine's clocks.
TrainingClock MachineClock();

/// Seconds of training: what runs while it is paused (scoring, drawing) does not count.
class Stopwatch {
 public:
  /// before: seconds that earlier runs took. Starts at once.
  Stopwatch(const TrainingClock& clock, double before);
  /// In all runs.
  double Total() const { return before_ + ThisRun(); }
  double ThisRun() const { return clock_.seconds() - start_ - paused_; }

  /// Not counted while this lives.
  class Pause {
   public:
    explicit Pause(Stopwatch& watch) : watch_(watch), begin_(watch.clock_.seconds()) {}
    ~Pause() { watch_.paused_ += Seconds(); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    double Seconds() const { return watch_.clock_.seconds() - begin_; }

   private:
    Stopwatch& watch_;
    const double begin_;
  };

 private:
  const TrainingClock& clock_;
  const double before_;
  const double start_;
  double paused_ = 0;
};

/// When costly things (scores, preview clips) happen during a training, so that they take a known share of it.
class CostSchedule {
 public:
  /// every: steps between them; 0 = the first at iteration `first`, then so that they take `share` of the time,
  /// at least kLeastSteps apart. bounded: with `every` as well, one that would exceed the share is left out.
  CostSchedule(int64_t every, int64_t first, double share, bool bounded);
  /// seconds: of training (without what the schedule is for).
  bool Due(int64_t iteration, double seconds) const;
  /// One was done by an earlier run.
  void GoOnFrom(int64_t iteration, double seconds, double cost);
  /// One has been done, and took `cost` seconds. The first one of a run also prepares what the others use, so it
  /// counts as no more than the share of the time until then, or than an earlier run's cost; not so where bounded.
  void Done(int64_t iteration, double seconds, double cost);
  /// What the last one counts as, seconds.
  double cost() const { return cost_; }
  /// The training goes on from an earlier iteration.
  void RolledBackTo(int64_t iteration);

  static constexpr int64_t kLeastSteps = 25;

 private:
  const int64_t every_, first_;
  const double share_;
  const bool bounded_;
  bool any_ = false;
  bool prepared_ = false;  ///< one was done in this run
  int64_t last_iteration_ = 0;
  double last_seconds_ = 0, cost_ = 0;
};

}  // namespace reelswap
