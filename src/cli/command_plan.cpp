#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "config/project.h"
#include "pipeline/plan.h"

namespace reelswap {
namespace {

nlohmann::json ToJson(const std::vector<PlannedItem>& items) {
  nlohmann::json list = nlohmann::json::array();
  for (const PlannedItem& item : items) {
    nlohmann::json entry = {{"person", item.person}, {"location", item.location}, {"to_download", item.to_download}};
    if (item.number > 0) entry["number"] = item.number;
    if (item.seconds) entry["seconds"] = *item.seconds;
    if (item.pictures) entry["pictures"] = *item.pictures;
    if (!item.problem.empty()) entry["problem"] = item.problem;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

int CommandPlan(const Arguments& arguments, Console& console) {
  const Project project = LoadProject(arguments.project, arguments.overrides);
  const Plan plan = MakePlan(project);
  console.Print(FormatPlan(project, plan));
  console.PrintJson(nlohmann::json{{"event", "plan"},
                                   {"sources", ToJson(plan.sources)},
                                   {"targets", ToJson(plan.targets)},
                                   {"pictures_at_least", plan.pictures_at_least},
                                   {"training_gflop", plan.training_gflop}}
                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return 0;
}

}  // namespace reelswap
