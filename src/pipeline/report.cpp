#include "pipeline/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/files.h"
#include "pipeline/report_text.h"

namespace reelswap {

std::string ToString(ItemState state) {
  switch (state) {
    case ItemState::kDone:
      return "done";
    case ItemState::kReused:
      return "reused";
    case ItemState::kFailed:
      return "failed";
    case ItemState::kCancelled:
      return "cancelled";
    case ItemState::kPending:
      return "pending";
  }
  throw std::invalid_argument("ToString: no such ItemState");
}

bool RunReport::AnyFailed() const { return CountItems(items).failed > 0; }

bool RunReport::AnyCancelled() const { return CountItems(items).cancelled > 0; }

ReportCounts CountItems(const std::vector<ReportItem>& items, const std::string& stage) {
  ReportCounts counts;
  for (const auto& item : items) {
    if (!stage.empty() && item.stage != stage) continue;
    switch (item.state) {
      case ItemState::kDone:
        ++counts.done;
        break;
      case ItemState::kReused:
        ++counts.reused;
        break;
      case ItemState::kFailed:
        ++counts.failed;
        break;
      case ItemState::kCancelled:
        ++counts.cancelled;
        break;
      case ItemState::kPending:
        ++counts.pending;
        break;
    }
  }
  return counts;
}

std::string SummarySentence(const ReportCounts& counts) {
  const int total = counts.total();
  const int ready = counts.done + counts.reused;
  if (total == 0) return "nothing to do";
  std::string sentence = ready == total && total > 1 ? fmt::format("all {} done", total)
                                                     : fmt::format("{} of {} done", ready, total);
  if (counts.failed > 0) sentence += fmt::format(", {} failed", counts.failed);
  if (counts.cancelled > 0) sentence += fmt::format(", {} interrupted", counts.cancelled);
  if (counts.pending > 0) sentence += fmt::format(", {} not started", counts.pending);
  return sentence;
}

void WriteRunReport(const std::filesystem::path& folder, const RunReport& report) {
  const auto absolute = std::filesystem::absolute(folder);
  WriteFileAtomically(absolute / "report.json", ReportAsJson(report, absolute) + "\n");
  WriteFileAtomically(absolute / "report.html", ReportAsHtml(report, absolute));
}

}  // namespace reelswap
