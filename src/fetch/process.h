#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace reelswap {

struct ProcessOptions {
  std::vector<std::string> argv;                   ///< argv[0] is looked up in PATH; no shell ever sees it
  std::map<std::string, std::string> environment;  ///< the whole environment of the child
  double timeout_seconds = 0;                      ///< 0 = none
  /// Called on the caller's thread as lines arrive, without the line end and cut at 1 MiB.
  /// What it throws ends the program and leaves RunProcess.
  std::function<void(const std::string&)> on_stdout_line;
  std::filesystem::path working_folder;  ///< empty = ours
  int64_t max_file_bytes = 0;            ///< largest file the child may write, 0 = any
};

struct ProcessResult {
  int exit_code = -1;    ///< -signal when killed by a signal
  bool started = false;  ///< false: the program does not exist or may not be run (stderr_text says why)
  bool timed_out = false;
  std::string stdout_text;  ///< last 1 MiB
  std::string stderr_text;  ///< last 64 KiB
};

/// Runs a program to its end; it dies with us, and its own children with it. A stop request or the
/// timeout ends its process group with SIGTERM and, two seconds later, SIGKILL. Its stdin is empty.
/// Thread-safe. Throws std::invalid_argument when argv is empty.
ProcessResult RunProcess(const ProcessOptions& options, std::stop_token stop);

/// The file a program name stands for: a name with a slash is taken as it is, another one is looked
/// up in `search_path` (colon-separated). nullopt when no executable file is there.
std::optional<std::filesystem::path> FindProgram(const std::string& name, const std::string& search_path);

/// Our own PATH, or the system's default where it is not set.
std::string SearchPath();

}  // namespace reelswap
