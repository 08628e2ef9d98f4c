#include "core/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <mutex>

#include "core/error.h"

namespace reelswap {
namespace {

struct LogState {
  std::mutex mutex;
  std::ofstream file;
  bool quiet = false;
  LogListener listener;
};

LogState& State() {
  static LogState state;
  return state;
}

void Write(const char* level, std::string_view line, bool to_stderr) {
  LogState& state = State();
  std::lock_guard lock(state.mutex);
  if (state.file.is_open()) {
    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    state.file << fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {} {}\n", fmt::gmtime(now), level, line) << std::flush;
  }
  if (!to_stderr) return;
  const std::string text = fmt::format("{}: {}", level, line);
  if (state.listener) {
    state.listener(text);
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

}  // namespace

void LogInfo(std::string_view line) { Write("info", line, false); }

void LogWarning(std::string_view line) { Write("warning", line, !State().quiet); }

void LogError(std::string_view line) { Write("error", line, true); }

void LogToFile(const std::filesystem::path& path) {
  LogState& state = State();
  std::lock_guard lock(state.mutex);
  std::error_code ec;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ec);
  state.file = std::ofstream(path, std::ios::app);
  if (!state.file) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot write the log {}: is the folder writable?", path.string()));
  }
}

void SetLogQuiet(bool quiet) {
  LogState& state = State();
  std::lock_guard lock(state.mutex);
  state.quiet = quiet;
}

void SetLogListener(LogListener listener) {
  LogState& state = State();
  std::lock_guard lock(state.mutex);
  state.listener = std::move(listener);
}

}  // namespace reelswap
