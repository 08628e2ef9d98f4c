#include "cli/json_progress.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace reelswap {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using State = ProgressEvent::State;

constexpr auto kBetweenLines = 200ms;

const char* Word(State state) {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kDone:
      return "done";
    case State::kFailed:
      return "failed";
    case State::kSkipped:
      return "skipped";
  }
  return "running";
}

// Whole counts as integers (183, not 183.0), so that a consumer's parser can keep them as such.
Json Number(double value) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (value == std::floor(value) && std::abs(value) < kExactIntegers) return static_cast<int64_t>(value);
  return value;
}

Json NumberOrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

JsonProgress::JsonProgress(std::ostream& out, ProgressClock clock) : out_(out), clock_(std::move(clock)) {}

void JsonProgress::Report(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_();
  Item& item = items_[{event.stage, event.item}];
  const bool first = !item.progress.known || item.progress.ended();
  if (!item.progress.Accept(event, now)) return;
  if (!first && !item.progress.ended() && now - item.written < kBetweenLines) return;
  item.written = now;
  const bool running = event.state == State::kRunning;
  const Json line = {{"event", "progress"},
                     {"stage", event.stage},
                     {"item", event.item},
                     {"state", Word(event.state)},
                     {"done", Number(event.done)},
                     {"total", Number(event.total)},
                     {"unit", event.unit},
                     {"note", event.note},
                     {"rate", NumberOrNull(item.progress.rate.PerSecond(now))},
                     {"eta_seconds", running ? NumberOrNull(item.progress.rate.SecondsLeft(event.total, now))
                                             : Json(nullptr)}};
  out_ << line.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

void JsonProgress::Println(const std::string& json_line) {
  const std::lock_guard lock(mutex_);
  out_ << json_line << '\n' << std::flush;
}

}  // namespace reelswap
