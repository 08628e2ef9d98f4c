#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "config/project.h"
#include "pipeline/project_trial.h"

namespace reelswap {

int CommandCheck(const Arguments& arguments, Console& console) {
  const Project project = LoadProject(arguments.project, arguments.overrides);
  RequireKnownActors(project);
  const std::vector<ProjectProblem> missing = MissingInputs(project);
  nlohmann::json warnings = nlohmann::json::array();
  std::string text = DescribeProject(project);
  text += fmt::format("\n# {} is valid.\n", project.file.string());
  for (const ProjectProblem& problem : missing) {
    text += fmt::format("# warning: {}:{}:{}: {}\n", project.file.filename().string(), problem.line, problem.column,
                        problem.message);
    warnings.push_back({{"line", problem.line}, {"column", problem.column}, {"message", problem.message}});
  }
  console.Print(text);
  console.PrintJson(nlohmann::json{{"event", "check"}, {"valid", true}, {"warnings", warnings},
                                   {"project", DescribeProject(project)}}
                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return 0;
}

}  // namespace reelswap
