#include "cli/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "pipeline/report_text.h"

namespace reelswap {
namespace {

using State = ProgressEvent::State;

constexpr int kNarrowestBar = 6;
constexpr int kAroundBar = 3;      // brackets and a space
constexpr int kNarrowestNote = 8;  // below that a note says nothing
constexpr std::string_view kGap = "  ";

std::optional<double> Fraction(const ProgressEvent& event) {
  if (!(event.total > 0) || !std::isfinite(event.done)) return std::nullopt;
  return std::clamp(event.done / event.total, 0.0, 1.0);
}

// Rounded down: 100 % means that it is all there.
std::string Percent(double fraction) { return fmt::format("{:.0f} %", std::floor(fraction * 100 + 1e-9)); }

std::string Bar(double fraction, int cells) {
  const int halves = static_cast<int>(std::floor(fraction * cells * 2 + 1e-9));
  std::string bar = "[";
  for (int i = 0; i < halves / 2; ++i) bar += "█";
  if (halves % 2 == 1) bar += "▌";
  return bar.append(static_cast<size_t>(cells - (halves + 1) / 2), ' ') + "]";
}

std::string Counts(const ProgressEvent& event) {
  if (event.unit == "bytes") {
    if (!(event.total > 0)) return FormatBytes(event.done);
    return FormatBytes(event.done) + "/" + FormatBytes(event.total);
  }
  if (!(event.total > 0) && !(event.done > 0)) return "";
  std::string counts = FormatCount(event.done);
  if (event.total > 0) counts += "/" + FormatCount(event.total);
  return event.unit.empty() ? counts : counts + " " + OneLine(event.unit);
}

std::string Rate(const std::optional<double>& per_second, const std::string& unit) {
  if (!per_second) return "";
  if (unit == "bytes") return FormatBytes(*per_second) + "/s";
  const double rounded = *per_second < 1 ? *per_second : std::round(*per_second * 10) / 10;
  return FormatQuantity(rounded) + (unit.empty() ? "/s" : " " + OneLine(unit) + "/s");
}

std::string Left(const ProgressItem& item, ProgressTime now) {
  const auto left = item.rate.SecondsLeft(item.last.total, now);
  if (!left) return "";
  constexpr double kTwoDays = 2 * 86400;
  return (*left < kTwoDays ? FormatClock(*left) : FormatDuration(*left)) + " left";
}

std::string Joined(const std::vector<std::string>& parts, std::string_view gap) {
  std::string text;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += gap;
    text += part;
  }
  return text;
}

std::string Title(const ProgressEvent& event) {
  return Joined({OneLine(event.stage), OneLine(event.item)}, " ");
}

// A live line without its bar and note.
struct LineParts {
  std::string head;
  std::string percent;  // empty without a total
  std::string facts;
  int room = 0;  // columns left for bar and note
};

LineParts Measure(const ProgressItem& item, LineColumns columns, int width, ProgressTime now) {
  const ProgressEvent& event = item.last;
  const auto fraction = Fraction(event);
  LineParts parts;
  parts.head = PadWidth(FitWidth(OneLine(event.stage), columns.stage), columns.stage) + std::string(kGap) +
               PadWidth(FitWidth(OneLine(event.item), columns.item), columns.item);
  parts.percent = fraction ? fmt::format("{:>5}", Percent(*fraction)) : "";
  std::vector<std::string> facts = {Counts(event), Rate(item.rate.PerSecond(now), event.unit),
                                    Left(item, now)};
  // What people miss least goes first: the rate, then the counts, last the remaining time.
  for (const size_t dropped : {facts.size(), size_t{1}, size_t{0}, size_t{2}}) {
    if (dropped < facts.size()) facts[dropped].clear();
    parts.facts = Joined(facts, kGap);
    parts.room = width - DisplayWidth(Joined({parts.head, parts.percent, parts.facts}, kGap));
    if (parts.room >= 0) break;
  }
  return parts;
}

int CellsThatFit(const LineParts& parts, int most) {
  const int cells = std::min(most, parts.room - kAroundBar);
  return parts.percent.empty() || cells < kNarrowestBar ? 0 : cells;
}

}  // namespace

int BarCells(const ProgressItem& item, LineColumns columns, int width, ProgressTime now) {
  return CellsThatFit(Measure(item, columns, width, now), columns.bar);
}

std::string LiveLine(const ProgressItem& item, LineColumns columns, int width, ProgressTime now) {
  const LineParts parts = Measure(item, columns, width, now);
  int room = parts.room;
  std::string bar;
  if (const int cells = CellsThatFit(parts, columns.bar); cells > 0) {
    bar = Bar(*Fraction(item.last), cells) + " ";
    room -= cells + kAroundBar;
  }
  std::string line = Joined({parts.head, bar + parts.percent, parts.facts}, kGap);
  const std::string note = OneLine(item.last.note);
  const int note_room = room - static_cast<int>(kGap.size());
  if (!note.empty() && note_room >= std::min(kNarrowestNote, DisplayWidth(note))) {
    line = Joined({line, FitWidth(note, note_room)}, kGap);
  }
  return FitWidth(line, width);
}

std::string PlainLine(const ProgressItem& item, ProgressTime now) {
  const ProgressEvent& event = item.last;
  const auto fraction = Fraction(event);
  const std::string facts =
      Joined({fraction ? Percent(*fraction) : "", Counts(event), Rate(item.rate.PerSecond(now), event.unit),
              Left(item, now), OneLine(event.note)},
             ", ");
  return Title(event) + (facts.empty() ? "" : ": " + facts);
}

std::string EndLine(const ProgressItem& item, ProgressTime now) {
  const ProgressEvent& event = item.last;
  const std::string note = OneLine(event.note);
  if (event.state == State::kFailed) return Title(event) + ": " + Joined({"failed", note}, ": ");
  if (event.state == State::kSkipped) return Title(event) + ": " + Joined({"skipped", note}, ": ");
  const double seconds = std::chrono::duration<double>(now - item.started).count();
  std::string work = event.unit == "bytes" ? FormatBytes(event.done)
                     : event.unit.empty() || !(event.done > 0)
                         ? ""
                         : FormatCount(event.done) + " " + OneLine(event.unit);
  if (seconds >= 1) work += (work.empty() ? "in " : " in ") + FormatClock(seconds);
  const std::string rate =
      seconds >= 1 && !event.unit.empty() ? Rate(item.AveragePerSecond(now), event.unit) : "";
  return Title(event) + ": " + Joined({"done", work, rate, note}, ", ");
}

}  // namespace reelswap
