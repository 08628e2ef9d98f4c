#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/show_report.h"
#include "config/project.h"
#include "pipeline/run.h"

namespace reelswap {

int CommandRun(const Arguments& arguments, Console& console, std::stop_token stop) {
  const Project project = LoadProject(arguments.project, arguments.overrides);
  RunStages stages;
  const bool all = arguments.command == "run";
  stages.preprocess = all || arguments.command == "preprocess";
  stages.train = all || arguments.command == "train";
  stages.convert = all || arguments.command == "convert";
  stages.targets = arguments.targets;
  stages.sample_seconds = arguments.sample_seconds;
  const RunReport report = RunProject(project, stages, console.progress(), stop);
  ShowReport(console, report, project.workspace);
  return ExitCodeOf(report);
}

}  // namespace reelswap
