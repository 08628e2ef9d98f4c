#include "model/training_clock.h"

#include <algorithm>

namespace reelswap {

TrainingClock MachineClock() {
  return {[] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); },
          [] { return std::chrono::system_clock::now(); }};
}

Stopwatch::Stopwatch(const TrainingClock& clock, double before)
    : clock_(clock), before_(before), start_(clock.seconds()) {}

CostSchedule::CostSchedule(int64_t every, int64_t first, double share, bool bounded)
    : every_(every), first_(first), share_(share), bounded_(bounded) {}

bool CostSchedule::Due(int64_t iteration, double seconds) const {
  if (any_ && iteration <= last_iteration_) return false;
  if (every_ > 0 && iteration % every_ != 0) return false;
  if (every_ > 0 && !bounded_) return true;
  if (!any_) return every_ > 0 || iteration >= first_;
  if (every_ == 0 && iteration - last_iteration_ < kLeastSteps) return false;
  return (seconds - last_seconds_) * share_ >= cost_;
}

void CostSchedule::Done(int64_t iteration, double seconds, double cost) {
  if (!prepared_ && !bounded_) cost = std::min(cost, any_ ? cost_ : seconds * share_);
  prepared_ = true;
  GoOnFrom(iteration, seconds, cost);
}

void CostSchedule::GoOnFrom(int64_t iteration, double seconds, double cost) {
  any_ = true;
  last_iteration_ = iteration;
  last_seconds_ = seconds;
  cost_ = cost;
}

void CostSchedule::RolledBackTo(int64_t iteration) {
  last_iteration_ = std::min(last_iteration_, iteration);
}

}  // namespace reelswap
