#include "pipeline/workspace.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <regex>
#include <vector>

#include "core/error.h"

namespace reelswap {
namespace fs = std::filesystem;

WorkspaceLock::WorkspaceLock(const Workspace& workspace) {
  std::error_code ec;
  fs::create_directories(workspace.root(), ec);
  if (ec) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot create {}: {}", workspace.root().string(), ec.message()));
  }
  const fs::path path = workspace.root() / ".lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    throw Error(ErrorKind::kDisk, fmt::format("cannot work in {}: {}", workspace.root().string(), std::strerror(errno)));
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(fd_);
    if (error != EWOULDBLOCK) {
      throw Error(ErrorKind::kDisk, fmt::format("cannot lock {}: {}", path.string(), std::strerror(error)));
    }
    throw Error(ErrorKind::kUsage, fmt::format("another reelswap is working in {}: wait for it, or give this project "
                                               "another name", workspace.root().string()));
  }
}

WorkspaceLock::~WorkspaceLock() { ::close(fd_); }

void RemoveLeftovers(const Workspace& workspace) {
  static const std::regex kTemporary(R"(.*\.\d+-\d+\.part(\.[^.]+)?)");
  for (const fs::path& folder : {workspace.Output(), workspace.Model(), workspace.Evaluation(), workspace.Conversions()}) {
    std::error_code ec;
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder, ec)) {
      std::error_code ignored;
      if (entry.is_regular_file(ignored) && std::regex_match(entry.path().filename().string(), kTemporary)) {
        found.push_back(entry.path());
      }
    }
    for (const fs::path& file : found) fs::remove(file, ec);
  }
}

std::string SafeName(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_') {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
    if (name.size() == 40) break;
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name.empty() ? "unnamed" : name;
}

std::string UtcNow() {
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

}  // namespace reelswap
