#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

namespace reelswap {

/// A counting semaphore over bytes: bounds what is in flight between stages. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(int64_t bytes) : state_(std::make_shared<State>()) { state_->limit = bytes; }

  /// Waits until `bytes` fit (one item always fits an empty budget). The returned token gives them
  /// back when its last copy dies. Empty pointer: stop was requested.
  std::shared_ptr<void> Take(int64_t bytes, std::stop_token stop) {
    auto state = state_;
    std::unique_lock lock(state->mutex);
    const bool fits = state->changed.wait(
        lock, stop, [&] { return state->used == 0 || state->used + bytes <= state->limit; });
    if (!fits || stop.stop_requested()) return nullptr;
    state->used += bytes;
    state->peak = std::max(state->peak, state->used);
    return {static_cast<void*>(state.get()), [state, bytes](void*) {
              {
                std::lock_guard guard(state->mutex);
                state->used -= bytes;
              }
              state->changed.notify_all();
            }};
  }

  /// Most bytes that were ever out at once.
  int64_t peak() const {
    std::lock_guard guard(state_->mutex);
    return state_->peak;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable_any changed;
    int64_t limit = 0, used = 0, peak = 0;
  };
  std::shared_ptr<State> state_;  // shared with tokens, which may outlive the budget
};

}  // namespace reelswap
