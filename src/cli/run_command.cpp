#include <exception>
#include <new>

#include "cli/commands.h"
#include "config/project.h"
#include "core/error.h"

namespace reelswap {
namespace {

int Dispatch(const Arguments& arguments, Console& console, std::stop_token stop) {
  const std::string& command = arguments.command;
  if (command == "check") return CommandCheck(arguments, console);
  if (command == "plan") return CommandPlan(arguments, console);
  if (command == "models list" || command == "models show") return CommandModels(arguments, console);
  if (command.starts_with("weights ")) return CommandWeights(arguments, console, std::move(stop));
  if (command == "train" && arguments.finder) return CommandFinder(arguments, console, std::move(stop));
  if (command == "evaluate") return CommandEvaluate(arguments, console, std::move(stop));
  if (command == "doctor") return CommandDoctor(arguments, console);
  if (command == "demo") return CommandDemo(arguments, console, std::move(stop));
  if (command == "verify") return CommandVerify(arguments, console);
  return CommandRun(arguments, console, std::move(stop));
}

}  // namespace

int RunCommand(const Arguments& arguments, Console& console, std::stop_token stop) {
  try {
    return Dispatch(arguments, console, std::move(stop));
  } catch (const ProjectError& e) {
    console.PrintError("project", e.what());
    return 2;
  } catch (const Error& e) {
    console.PrintError(ToString(e.kind()), e.what());
    return ExitCodeFor(e.kind());
  } catch (const std::bad_alloc&) {
    console.PrintError("memory", "out of memory: close other programs or use a smaller train.batch");
    return 1;
  } catch (const std::exception& e) {
    console.PrintError("internal", std::string("internal error: ") + e.what());
    return 1;
  }
}

}  // namespace reelswap
