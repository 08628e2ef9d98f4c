#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "media/video_reader.h"
#include "pipeline/byte_budget.h"
#include "pipeline/stage_clock.h"

namespace reelswap {

/// A frame and what decoding had met when it came.
struct ReadFrame {
  Frame frame;
  int64_t corrupt_packets = 0;
};

/// Reads a video on a thread of its own, ahead of whoever wants the frames, at most `ahead_bytes` (one frame at least).
class FrameAhead {
 public:
  /// reader must outlive this and is not to be touched before Next() has returned nullopt or this is gone.
  FrameAhead(VideoReader& reader, int64_t ahead_bytes, StageClock& clock)
      : budget_(ahead_bytes), thread_([this, &reader, &clock](std::stop_token stop) { Read(reader, clock, stop); }) {}

  /// The next frame, nullopt at the end or when `stop` is requested. Rethrows what reading threw.
  std::optional<ReadFrame> Next(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return !ready_.empty() || finished_; })) return std::nullopt;
    if (ready_.empty()) {
      if (failure_) std::rethrow_exception(failure_);
      return std::nullopt;
    }
    ReadFrame frame = std::move(ready_.front().frame);
    ready_.pop_front();
    return frame;
  }

 private:
  struct Item {
    ReadFrame frame;
    std::shared_ptr<void> bytes;
  };

  void Read(VideoReader& reader, StageClock& clock, std::stop_token stop) {
    std::exception_ptr failure;
    try {
      while (!stop.stop_requested()) {
        std::optional<ReadFrame> read;
        {
          const auto span = clock.Measure("analysis decode");
          if (auto frame = reader.Next()) read = ReadFrame{std::move(*frame), reader.report().corrupt_packets};
        }
        if (!read) break;
        auto bytes = budget_.Take(read->frame.format().Bytes(), stop);
        if (!bytes) break;
        const std::lock_guard lock(mutex_);
        ready_.push_back({std::move(*read), std::move(bytes)});
        changed_.notify_all();
      }
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    finished_ = true;
    changed_.notify_all();
  }

  ByteBudget budget_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Item> ready_;
  std::exception_ptr failure_;
  bool finished_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace reelswap
