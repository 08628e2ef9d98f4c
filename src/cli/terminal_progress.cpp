#include "cli/terminal_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "cli/progress_line.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

using namespace std::chrono_literals;
using State = ProgressEvent::State;

constexpr auto kBetweenDraws = 100ms;
constexpr auto kBetweenIdleDraws = 1s;  // rates and remaining times move though no event comes
constexpr auto kBetweenPlainLines = 10s;
constexpr int kSpareRows = 2;  // the cursor's line, and the last finished item stays in sight

constexpr std::string_view kEraseToEndOfLine = "\x1b[K";
constexpr std::string_view kEraseToEndOfScreen = "\x1b[J";

int FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? 0 : std::atoi(value);
}

}  // namespace

TerminalSize MeasureTerminal() {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
      return {size.ws_col, size.ws_row};
  }
  TerminalSize size;
  if (const int columns = FromEnvironment("COLUMNS"); columns > 0) size.columns = columns;
  if (const int rows = FromEnvironment("LINES"); rows > 0) size.rows = rows;
  return size;
}

TerminalProgress::TerminalProgress(std::ostream& out, bool is_tty, bool quiet, ProgressClock clock,
                                   std::function<TerminalSize()> measure)
    : out_(out),
      live_(is_tty && !quiet),
      quiet_(quiet),
      clock_(std::move(clock)),
      measure_(std::move(measure)) {
  if (clock_) return;
  clock_ = std::chrono::steady_clock::now;
  if (!live_) return;
  ticker_ = std::jthread([this](std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, kBetweenDraws, [] { return false; });
      lock.unlock();
      if (!stop.stop_requested()) Tick();
      lock.lock();
    }
  });
}

TerminalProgress::~TerminalProgress() {
  if (ticker_.joinable()) {
    ticker_.request_stop();
    ticker_.join();
  }
  const std::lock_guard lock(mutex_);
  if (live_ && dirty_) Draw(clock_());
}

void TerminalProgress::Report(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_();
  Item& item = items_[{event.stage, event.item}];
  const bool first = !item.progress.known || item.progress.ended();
  if (!item.progress.Accept(event, now)) return;
  if (first) item.order = started_++;
  if (live_) {
    ReportLive(item, now);
  } else {
    ReportPlain(item, first, now);
  }
}

void TerminalProgress::ReportPlain(Item& item, bool first, ProgressTime now) {
  if (item.progress.ended()) {
    if (!quiet_ || item.progress.last.state == State::kFailed) Write(EndLine(item.progress, now) + "\n");
    return;
  }
  if (quiet_ || (!first && now - item.printed < kBetweenPlainLines)) return;
  item.printed = now;
  Write(PlainLine(item.progress, now) + "\n");
}

void TerminalProgress::ReportLive(Item& item, ProgressTime now) {
  dirty_ = true;
  if (item.progress.ended()) {
    const char* mark = item.progress.last.state == State::kFailed    ? "✗ "
                       : item.progress.last.state == State::kSkipped ? "- "
                                                                     : "✓ ";
    // Not cut: a failure's sentence may need more than one row, and it scrolls anyway.
    scrolled_ += mark + EndLine(item.progress, now) + std::string(kEraseToEndOfLine) + "\n";
  }
  if (!ever_drawn_ || now - drawn_ >= kBetweenDraws) Draw(now);
}

void TerminalProgress::Println(std::string line) {
  const std::lock_guard lock(mutex_);
  std::istringstream rows(line.empty() ? "\n" : line);
  for (std::string row; std::getline(rows, row);) {
    scrolled_ += OneLine(row) + std::string(live_ ? kEraseToEndOfLine : "") + "\n";
  }
  if (live_) return Draw(clock_());
  Write(std::exchange(scrolled_, ""));
}

void TerminalProgress::Tick() {
  const std::lock_guard lock(mutex_);
  if (!live_) return;
  const auto now = clock_();
  const bool idle_due = !drawn_widths_.empty() && now - drawn_ >= kBetweenIdleDraws;
  if ((dirty_ && now - drawn_ >= kBetweenDraws) || idle_due) Draw(now);
}

void TerminalProgress::Draw(ProgressTime now) {
  const TerminalSize size = measure_();
  std::string text = EraseLiveArea(size.columns) + scrolled_;
  scrolled_.clear();
  drawn_widths_.clear();
  for (const auto& line : LiveLines(now, size)) {
    text += line + std::string(kEraseToEndOfLine) + "\n";
    drawn_widths_.push_back(DisplayWidth(line));
  }
  text += kEraseToEndOfScreen;  // rows the old area had and the new one has not
  Write(text);
  drawn_ = now;
  ever_drawn_ = true;
  dirty_ = false;
}

// Back to the first row of the area. A terminal that became narrower has wrapped its lines.
std::string TerminalProgress::EraseLiveArea(int columns) {
  int rows = 0;
  for (const int width : drawn_widths_) rows += std::max(1, (width + columns - 1) / std::max(1, columns));
  return rows == 0 ? "" : fmt::format("\r\x1b[{}A", rows);
}

std::vector<std::string> TerminalProgress::LiveLines(ProgressTime now, TerminalSize size) const {
  std::vector<const Item*> active;
  for (const auto& [key, item] : items_) {
    if (item.progress.known && !item.progress.ended()) active.push_back(&item);
  }
  std::sort(active.begin(), active.end(), [](const Item* a, const Item* b) { return a->order < b->order; });
  const auto room = static_cast<size_t>(std::max(1, size.rows - kSpareRows));
  const size_t shown = active.size() <= room ? active.size() : room - 1;

  const int width = std::max(10, size.columns - 1);  // the last column may wrap
  LineColumns columns;
  for (size_t i = 0; i < shown; ++i) {
    const ProgressEvent& event = active[i]->progress.last;
    columns.stage = std::max(columns.stage, std::min(width / 5, DisplayWidth(OneLine(event.stage))));
    columns.item = std::max(columns.item, std::min(width / 4, DisplayWidth(OneLine(event.item))));
  }
  for (size_t i = 0; i < shown; ++i) {  // bars of one length can be compared
    const int cells = BarCells(active[i]->progress, columns, width, now);
    if (cells > 0) columns.bar = std::min(columns.bar, cells);
  }
  std::vector<std::string> lines;
  for (size_t i = 0; i < shown; ++i) lines.push_back(LiveLine(active[i]->progress, columns, width, now));
  if (shown < active.size()) {
    const size_t more = active.size() - shown;
    lines.push_back(FitWidth(
        shown == 0 ? fmt::format("{} under way", more) : fmt::format("and {} more under way", more), width));
  }
  return lines;
}

void TerminalProgress::Write(const std::string& text) { out_ << text << std::flush; }

}  // namespace reelswap
