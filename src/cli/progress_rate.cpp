#include "cli/progress_rate.h"

#include <algorithm>
#include <cmath>

namespace reelswap {
namespace {

using namespace std::chrono_literals;

constexpr auto kWindow = 5s;
constexpr auto kBetweenSamples = 100ms;
// Slow work (an iteration every ten seconds) still averages over a few events.
constexpr size_t kFewestSamples = 4;
// A shorter stretch makes numbers that only startle.
constexpr double kShortestStretchSeconds = 0.5;

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void ProgressRate::Observe(double done, ProgressTime now) {
  if (!std::isfinite(done)) return;
  if (latest_ && done < latest_->done) samples_.clear();
  latest_ = Sample{now, done};
  if (!samples_.empty() && now - samples_.back().time < kBetweenSamples) return;
  samples_.push_back(*latest_);
  while (samples_.size() > kFewestSamples && now - samples_[1].time >= kWindow) samples_.pop_front();
}

std::optional<double> ProgressRate::PerSecond(ProgressTime now) const {
  if (samples_.empty()) return std::nullopt;
  const double stretch = Seconds(now - samples_.front().time);
  if (stretch < kShortestStretchSeconds) return std::nullopt;
  return (latest_->done - samples_.front().done) / stretch;
}

std::optional<double> ProgressRate::SecondsLeft(double total, ProgressTime now) const {
  const auto rate = PerSecond(now);
  if (!rate || !(*rate > 0) || !(total > 0)) return std::nullopt;
  return std::max(0.0, (total - latest_->done) / *rate);
}

bool ProgressItem::Accept(const ProgressEvent& event, ProgressTime now) {
  using State = ProgressEvent::State;
  const bool running = event.state == State::kRunning;
  if (ended()) {
    const bool new_attempt = running && (last.state == State::kFailed || event.done < last.done);
    const bool other_end = !running && event.state != last.state;
    if (!new_attempt && !other_end) return false;
    if (new_attempt) known = false;
  }
  if (!known) {
    rate = ProgressRate();
    started = now;
    done_at_start = event.done;
    known = true;
  }
  done_at_start = std::min(done_at_start, event.done);
  rate.Observe(event.done, now);
  last = event;
  return true;
}

std::optional<double> ProgressItem::AveragePerSecond(ProgressTime now) const {
  const double seconds = Seconds(now - started);
  const double work = last.done - done_at_start;
  if (!(seconds > 0) || !(work > 0)) return std::nullopt;
  return work / seconds;
}

}  // namespace reelswap
