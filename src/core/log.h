#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace reelswap {

/// Program-wide log: lines with a time stamp in the log file, warnings and errors on stderr as well.
/// All functions are thread-safe. Never log secrets (cookies, Authorization headers).
void LogInfo(std::string_view line);
void LogWarning(std::string_view line);
void LogError(std::string_view line);

/// From now on every line is appended to `path` too (parent folders are created).
/// Throws Error(kDisk) when the file cannot be opened.
void LogToFile(const std::filesystem::path& path);

/// quiet = true: only errors reach stderr.
void SetLogQuiet(bool quiet);

/// Warnings and errors go to `listener` instead of stderr (a progress display that must not be torn).
/// An empty listener restores stderr. The listener must not log.
using LogListener = std::function<void(const std::string& line)>;
void SetLogListener(LogListener listener);

}  // namespace reelswap
