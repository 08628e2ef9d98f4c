#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/progress_rate.h"
#include "core/progress.h"

namespace reelswap {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

/// The size of the terminal behind stderr, else stdout, else COLUMNS and LINES, else 80 x 24.
TerminalSize MeasureTerminal();

/// Progress for people. On a terminal: one live line per active item at the bottom (as many as fit,
/// the others as one summary line), redrawn at most ten times a second, also while no event
/// arrives; finished items scroll above it with a tick or a cross. Elsewhere (a log file, a pipe):
/// a plain line when an item starts, then at most one every ten seconds, and when it ends.
/// quiet: failures only, in plain lines. Thread-safe. Text from outside loses its control
/// characters, so no title can command the terminal.
class TerminalProgress final : public ProgressSink {
 public:
  /// `out` must outlive the object; whatever else is written to that terminal meanwhile goes
  /// through Println(). With a `clock` of its own (a test) nothing is drawn but by calls.
  TerminalProgress(std::ostream& out, bool is_tty, bool quiet, ProgressClock clock = nullptr,
                   std::function<TerminalSize()> measure = MeasureTerminal);

  /// Draws the last state and leaves the cursor at the start of a fresh line.
  ~TerminalProgress() override;
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  void Report(const ProgressEvent& event) override;

  /// A line (or several) above the live area, at once, also when quiet. Adds the newline; removes
  /// control characters.
  void Println(std::string line);

  /// Redraws if something is due; the object's own thread calls it.
  void Tick();

 private:
  struct Item {
    ProgressItem progress;
    uint64_t order = 0;    // of its start
    ProgressTime printed;  // last plain line
  };

  void ReportPlain(Item& item, bool first, ProgressTime now);
  void ReportLive(Item& item, ProgressTime now);
  void Draw(ProgressTime now);  // the caller holds mutex_
  std::vector<std::string> LiveLines(ProgressTime now, TerminalSize size) const;
  std::string EraseLiveArea(int columns);
  void Write(const std::string& text);

  std::mutex mutex_;
  std::ostream& out_;
  const bool live_;
  const bool quiet_;
  ProgressClock clock_;
  std::function<TerminalSize()> measure_;
  std::map<std::pair<std::string, std::string>, Item> items_;  // by stage and item
  uint64_t started_ = 0;
  std::string scrolled_;           // finished lines not yet on the screen
  std::vector<int> drawn_widths_;  // of the live area's lines on the screen, columns
  ProgressTime drawn_;
  bool ever_drawn_ = false;
  bool dirty_ = false;

  std::condition_variable_any wake_;
  std::jthread ticker_;  // last member: stops before the others go
};

}  // namespace reelswap
