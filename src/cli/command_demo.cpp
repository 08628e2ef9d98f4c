#include <fmt/format.h>

#include <chrono>

#include "cli/commands.h"
#include "cli/show_report.h"
#include "config/project.h"
#include "pipeline/demo_clips.h"
#include "pipeline/run.h"

namespace reelswap {

int CommandDemo(const Arguments& arguments, Console& console, std::stop_token stop) {
  if (!arguments.render_clips.empty()) {
    RenderDemoClips(arguments.render_clips, console.progress(), stop);
    console.FinishProgress();
    console.Print(fmt::format("the demo's clips are in {}", arguments.render_clips));
    return stop.stop_requested() ? 130 : 0;
  }
  const std::filesystem::path project_file = std::filesystem::path(REELSWAP_SOURCE_DIR) / "configs/demo.yaml";
  const Project project = LoadProject(project_file);
  console.Print(fmt::format("The demo swaps two virtual actors: {} (nobody's likeness).\n"
                            "Project file: {}", project.name, project_file.string()));
  const RunReport report = RunProject(project, RunStages{}, console.progress(), stop);
  ShowReport(console, report, project.workspace);
  const int code = ExitCodeOf(report);
  if (code == 0) {
    console.Print(fmt::format("\nDone in {:.0f} s. Look at the videos in {}, then try your own:\n"
                              "  copy configs/reference.yaml, name your people, their consent and their clips, and\n"
                              "  ./reelswap run your.yaml", report.seconds, (project.workspace / "output").string()));
  }
  return code;
}

}  // namespace reelswap
