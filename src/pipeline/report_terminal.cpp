#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "pipeline/report.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

// A longer name is cut, so that one odd title does not push every column away.
constexpr int kWidestName = 40;
constexpr size_t kMostStrangers = 3;
constexpr std::string_view kUnderneath = "      ";

struct Columns {
  int stage = 0;
  int person = 0;
  int name = 0;
  int state = 0;
};

std::string StateWord(ItemState state) {
  switch (state) {
    case ItemState::kReused:
      return "done earlier";
    case ItemState::kCancelled:
      return "interrupted";
    case ItemState::kPending:
      return "not started";
    default:
      return ToString(state);
  }
}

std::string ShortName(const ReportItem& item) { return FitWidth(OneLine(item.name), kWidestName); }

Columns MeasureColumns(const std::vector<ReportItem>& items) {
  Columns columns;
  for (const auto& item : items) {
    columns.stage = std::max(columns.stage, DisplayWidth(OneLine(item.stage)));
    columns.person = std::max(columns.person, DisplayWidth(OneLine(item.person)));
    columns.name = std::max(columns.name, DisplayWidth(ShortName(item)));
    columns.state = std::max(columns.state, DisplayWidth(StateWord(item.state)));
  }
  return columns;
}

const double* Find(const ReportItem& item, const std::string& key) {
  const auto found = item.numbers.find(key);
  return found == item.numbers.end() ? nullptr : &found->second;
}

// What an item achieved, in a few words.
std::string Facts(const ReportItem& item) {
  std::vector<std::string> facts;
  if (item.tally.faces_found > 0 || item.tally.frames_decoded > 0) {
    facts.push_back(fmt::format("{} of {} kept", FormatCount(static_cast<double>(item.tally.faces_kept)),
                                CountOf(static_cast<double>(item.tally.faces_found), "face")));
    facts.push_back(CountOf(static_cast<double>(item.tally.frames_decoded), "frame"));
  }
  for (const std::string noun : {"frame", "iteration"}) {
    if (const double* count = Find(item, noun + "s")) facts.push_back(CountOf(*count, noun));
  }
  if (const double* score = Find(item, "score")) facts.push_back(fmt::format("score {:.3f}", *score));
  if (const double* rate = Find(item, "frames_per_second"))
    facts.push_back(FormatQuantity(*rate) + " frames/s");
  if (const double* rate = Find(item, "images_per_second"))
    facts.push_back(FormatQuantity(*rate) + " images/s");
  if (const double* seconds = Find(item, "seconds")) facts.push_back(FormatDuration(*seconds));
  return fmt::format("{}", fmt::join(facts, ", "));
}

std::string Underneath(std::string_view mark, const std::string& text) {
  const std::string line = OneLine(text);
  return line.empty() ? "" : fmt::format("{}{}{}\n", kUnderneath, mark, line);
}

/// "quality: 12 unswapped, 3 repaired, edge 1.20 levels, flicker 0.31": what a viewer of the video would meet.
std::string QualityLine(const ReportItem& item) {
  std::vector<std::string> facts;
  for (const char* key : {"unswapped", "filled", "repaired", "faded", "occluded"}) {
    if (const double* count = Find(item, key); count != nullptr && *count > 0) {
      facts.push_back(fmt::format("{} {}", FormatCount(*count), key));
    }
  }
  if (const double* seam = Find(item, "seam")) facts.push_back(fmt::format("edge {} levels", FormatQuantity(*seam)));
  if (const double* ratio = Find(item, "flicker_ratio")) facts.push_back("flicker " + FormatQuantity(*ratio));
  return facts.empty() ? "" : fmt::format("{}quality: {}\n", kUnderneath, fmt::join(facts, ", "));
}

/// Somebody who was not swapped is what one must know at once; who was, the page tells.
std::string StrangerLines(const ReportItem& item) {
  std::vector<std::string> lines;
  for (const std::string& note : item.notes) {
    if (note.find(kLeftAlone) != std::string::npos) lines.push_back(Underneath("note: ", note));
  }
  const size_t shown = std::min(lines.size(), kMostStrangers);
  std::string text = fmt::format("{}", fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), ""));
  if (lines.size() > shown) {
    text += Underneath("note: ", fmt::format("and {} more left alone, see report.html", lines.size() - shown));
  }
  return text;
}

std::string ItemLines(const ReportItem& item, const Columns& columns) {
  std::string line = "  " + PadWidth(OneLine(item.stage), columns.stage) + "  ";
  if (columns.person > 0) line += PadWidth(OneLine(item.person), columns.person) + "  ";
  line += PadWidth(ShortName(item), columns.name) + "  " + PadWidth(StateWord(item.state), columns.state) +
          "  " + Facts(item);
  line.erase(line.find_last_not_of(' ') + 1);
  line += "\n";
  if (!item.error.empty()) {
    const ErrorParts parts = SplitCure(item.error);
    line += Underneath("", parts.sentence) + Underneath("-> ", parts.cure);
  }
  for (const auto& warning : std::set<std::string>{item.warning, item.tally.warning})
    line += Underneath("note: ", warning);
  return line + QualityLine(item) + StrangerLines(item);
}

}  // namespace

std::string FormatReportForTerminal(const RunReport& report) {
  const std::string project = report.project.empty() ? "" : OneLine(report.project) + ": ";
  std::string text = fmt::format("{}{} ({})\n", project, SummarySentence(CountItems(report.items)),
                                 FormatDuration(report.seconds));
  const Columns columns = MeasureColumns(report.items);
  for (const auto& item : report.items) text += ItemLines(item, columns);
  std::string outputs;
  for (const auto& item : report.items) {
    for (const auto& path : item.outputs) outputs += "  " + OneLine(path.string()) + "\n";
  }
  return outputs.empty() ? text : text + "output\n" + outputs;
}

}  // namespace reelswap
