#include "fetch/fetch_progress.h"

#include <fmt/format.h>

#include <utility>

namespace reelswap {

namespace {

std::string RateText(double bytes_per_second) {
  if (bytes_per_second <= 0) return {};
  if (bytes_per_second < 1e6) return fmt::format("{:.0f} kB/s", bytes_per_second / 1e3);
  return fmt::format("{:.1f} MB/s", bytes_per_second / 1e6);
}

}  // namespace

FetchProgress::FetchProgress(ProgressSink& sink, std::string item)
    : sink_(sink), item_(std::move(item)), window_start_(std::chrono::steady_clock::now()) {}

void FetchProgress::Received(int64_t received, int64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (received < window_bytes_) window_bytes_ = received, window_start_ = now;  // started over
  const double elapsed = std::chrono::duration<double>(now - window_start_).count();
  if (elapsed >= 1.0) {  // a one-second window is steady to the eye and still follows changes
    rate_ = static_cast<double>(received - window_bytes_) / elapsed;
    window_bytes_ = received;
    window_start_ = now;
  }
  Received(received, total, rate_);
}

void FetchProgress::Received(int64_t received, int64_t total, double bytes_per_second) {
  received_ = received;
  total_ = total;
  rate_ = bytes_per_second;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_report_ < std::chrono::milliseconds(100)) return;
  last_report_ = now;
  Report(ProgressEvent::State::kRunning, RateText(rate_));
}

void FetchProgress::Note(const std::string& note) { Report(ProgressEvent::State::kRunning, note); }

void FetchProgress::Finish(ProgressEvent::State state, int64_t bytes, const std::string& note) {
  if (bytes > 0) received_ = total_ = bytes;
  Report(state, note);
}

void FetchProgress::Report(ProgressEvent::State state, const std::string& note) {
  ProgressEvent event;
  event.stage = "fetch";
  event.item = item_;
  event.state = state;
  event.done = static_cast<double>(received_);
  event.total = static_cast<double>(total_);
  event.unit = "bytes";
  event.note = note;
  sink_.Report(event);
}

}  // namespace reelswap
