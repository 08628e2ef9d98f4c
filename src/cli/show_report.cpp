#include "cli/show_report.h"

#include <fmt/format.h>

namespace reelswap {

void ShowReport(Console& console, const RunReport& report, const std::filesystem::path& workspace) {
  console.FinishProgress();
  console.PrintJson(fmt::format(R"({{"event":"report","report":{}}})", ReportAsJson(report, workspace, -1)));
  console.Print(FormatReportForTerminal(report));
  console.Print(fmt::format("report: {}", (workspace / "report.html").string()));
}

}  // namespace reelswap
