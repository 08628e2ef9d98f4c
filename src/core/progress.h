#pragma once

#include <string>

namespace reelswap {

/// One observation of long work. Counters are absolute, so losing an event loses nothing.
struct ProgressEvent {
  enum class State { kRunning, kDone, kFailed, kSkipped };
  std::string stage;         ///< "fetch", "preprocess", "train", "convert", "demo"
  std::string item;          ///< what is worked on: a source's short name, a model, a target
  State state = State::kRunning;
  double done = 0;           ///< in `unit`
  double total = 0;          ///< in `unit`; 0 = not known
  std::string unit;          ///< "bytes", "frames", "iterations"
  std::string note;          ///< short free text: "loss 0.031 / 0.029", "412 faces", an error sentence
};

/// Where progress goes: a terminal, JSON lines, a test. Report() must be thread-safe and cheap;
/// sinks throttle by themselves.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void Report(const ProgressEvent& event) = 0;
};

/// Swallows everything.
class NullProgress final : public ProgressSink {
 public:
  void Report(const ProgressEvent&) override {}
};

}  // namespace reelswap
