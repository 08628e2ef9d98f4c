#pragma once

#include <stop_token>

#include "cli/arguments.h"
#include "cli/console.h"

namespace reelswap {

// One file each. They return the exit code and throw Error or ProjectError for what ends the command.

/// run, preprocess, train, convert.
int CommandRun(const Arguments& arguments, Console& console, std::stop_token stop);
int CommandCheck(const Arguments& arguments, Console& console);
int CommandPlan(const Arguments& arguments, Console& console);
int CommandModels(const Arguments& arguments, Console& console);
int CommandWeights(const Arguments& arguments, Console& console, std::stop_token stop);
/// train --finder.
int CommandFinder(const Arguments& arguments, Console& console, std::stop_token stop);
int CommandEvaluate(const Arguments& arguments, Console& console, std::stop_token stop);
int CommandDoctor(const Arguments& arguments, Console& console);
int CommandDemo(const Arguments& arguments, Console& console, std::stop_token stop);
int CommandVerify(const Arguments& arguments, Console& console);

/// Runs the command and turns every error into its sentence and exit code.
int RunCommand(const Arguments& arguments, Console& console, std::stop_token stop);

}  // namespace reelswap
