#include <fmt/format.h>

#include "cli/commands.h"
#include "config/project.h"
#include "core/error.h"
#include "pipeline/evaluate.h"

namespace reelswap {
namespace {

/// "A=B" of --swap.
std::pair<std::string, std::string> ParseSwap(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw Error(ErrorKind::kUsage, fmt::format("--swap: expected A=B (A has B's face in the video), got '{}'", text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::optional<VideoPair> VideoOf(const Arguments& arguments) {
  const bool any = !arguments.video.empty() || !arguments.original.empty() || !arguments.swap.empty();
  if (!any) return std::nullopt;
  if (arguments.video.empty() || arguments.original.empty() || arguments.swap.empty()) {
    throw Error(ErrorKind::kUsage, "--video, --original and --swap belong together: --video result.mp4 --original "
                                   "target.mp4 --swap host=guest");
  }
  if (!arguments.name.empty()) {
    throw Error(ErrorKind::kUsage, "--model judges a model and --video a finished video: give one of them");
  }
  const auto [from, to] = ParseSwap(arguments.swap);
  if (from == to) throw Error(ErrorKind::kUsage, fmt::format("--swap: expected two people, got '{}' twice", from));
  return VideoPair{arguments.video, arguments.original, from, to};
}

}  // namespace

int CommandEvaluate(const Arguments& arguments, Console& console, std::stop_token stop) {
  EvaluateRequest request;
  request.video = VideoOf(arguments);
  request.model = arguments.name;
  request.frames = arguments.frames;
  const Project project = LoadProject(arguments.project, arguments.overrides);
  const EvaluationReport report = Evaluate(project, request, console.progress(), std::move(stop));
  console.FinishProgress();
  console.Print(FormatEvaluation(report));
  console.PrintJson(fmt::format(R"({{"event":"evaluation","evaluation":{}}})", EvaluationAsJson(report, -1)));
  return 0;
}

}  // namespace reelswap
