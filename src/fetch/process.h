#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace reelswap {

struct ProcessOptions {
  std::vector<std::string> argv;               ///< argv[0] is looked up in PATH; no shell ever sees it
  std::map<std::string, std::string> environment;  ///< the whole environment of the child
  double timeout_seconds = 0;                  ///< 0 = none
  std::function<void(const std::string&)> on_stdout_line;  ///< called as lines arrive
};

struct ProcessResult {
  int exit_code = -1;        ///< -signal when killed by a signal
  bool started = false;      ///< false: the program does not exist or may not be run
  bool timed_out = false;
  std::string stdout_text;   ///< last 1 MiB
  std::string stderr_text;   ///< last 64 KiB
};

/// Runs a program to its end; it dies with us. A stop request ends it with SIGTERM, then SIGKILL.
ProcessResult RunProcess(const ProcessOptions& options, std::stop_token stop);

}  // namespace reelswap
