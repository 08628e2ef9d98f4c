#pragma once

#include <memory>
#include <string>

#include "core/progress.h"

namespace reelswap {

class JsonProgress;
class TerminalProgress;

/// Where a command speaks: progress on stderr and results on stdout for people, or everything as
/// JSON lines on stdout for programs. Warnings of the log pass through it so that they do not tear
/// the progress display. Thread-safe.
class Console {
 public:
  Console(bool json, bool quiet);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  bool json() const { return json_ != nullptr; }
  ProgressSink& progress();
  /// A result for people, on stdout. Nothing in JSON mode.
  void Print(const std::string& text);
  /// A result for programs: one complete JSON object. Nothing in the other mode.
  void PrintJson(const std::string& object);
  /// The sentence of an error: stderr, or {"event":"error",...}.
  void PrintError(const std::string& kind, const std::string& sentence);
  /// Takes the live progress area off the terminal, before the result is printed.
  void FinishProgress();

 private:
  std::unique_ptr<JsonProgress> json_;
  std::unique_ptr<TerminalProgress> terminal_;
  NullProgress none_;
};

}  // namespace reelswap
