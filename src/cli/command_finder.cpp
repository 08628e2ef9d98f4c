#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "config/project.h"
#include "pipeline/finder.h"

namespace reelswap {

int CommandFinder(const Arguments& arguments, Console& console, std::stop_token stop) {
  const Project project = LoadProject(arguments.project, arguments.overrides);
  const FinderResult result = RunFinder(project, arguments.finder_seconds, console.progress(), std::move(stop));
  console.FinishProgress();
  console.Print(FormatFinderResult(result));
  nlohmann::json points = nlohmann::json::array();
  for (const FinderPoint& point : result.points) {
    points.push_back({{"batch", point.batch},
                      {"threads", point.threads},
                      {"images_per_second", point.speed.images_per_second},
                      {"gflops", point.speed.gflops}});
  }
  console.PrintJson(nlohmann::json{{"event", "finder"},
                                   {"architecture", result.architecture},
                                   {"ceiling_gflops", result.ceiling_gflops},
                                   {"batch", FastestBatch(result.points)},
                                   {"threads", FastestThreads(result.points, result.usual_batch)},
                                   {"points", points},
                                   {"left_out", result.left_out}}
                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return 0;
}

}  // namespace reelswap
