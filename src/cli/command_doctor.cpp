#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "config/project.h"
#include "pipeline/doctor.h"

namespace reelswap {

int CommandDoctor(const Arguments& arguments, Console& console) {
  const std::vector<DoctorFinding> findings =
      arguments.project.empty() ? ExamineMachine() : ExamineMachine(LoadProject(arguments.project).download.ytdlp);
  std::string text;
  bool broken = false;
  nlohmann::json list = nlohmann::json::array();
  for (const DoctorFinding& finding : findings) {
    const char* mark = finding.state == DoctorFinding::State::kGood      ? "ok     "
                       : finding.state == DoctorFinding::State::kWarning ? "warning"
                                                                         : "MISSING";
    text += fmt::format("{}  {:<12} {}\n", mark, finding.topic, finding.found);
    if (!finding.cure.empty()) text += fmt::format("{:22} -> {}\n", "", finding.cure);
    broken = broken || finding.state == DoctorFinding::State::kMissing;
    list.push_back({{"topic", finding.topic}, {"state", mark}, {"found", finding.found}, {"cure", finding.cure}});
  }
  console.Print(text);
  console.PrintJson(nlohmann::json{{"event", "doctor"}, {"findings", list}}.dump());
  return broken ? 1 : 0;
}

}  // namespace reelswap
