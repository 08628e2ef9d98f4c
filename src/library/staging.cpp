#include "library/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "core/error.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = ".staging-";
// Copying the largest model takes minutes; an addition that is a day old was interrupted.
constexpr std::chrono::hours kOld{24};

[[noreturn]] void Fail(const std::string& action, const fs::path& path, const std::string& reason) {
  throw Error(ErrorKind::kDisk, fmt::format("cannot {} {}: {}", action, path.string(), reason));
}

void FlushToDisk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) Fail("open", path, std::strerror(errno));
  // Some file systems cannot flush folders (EINVAL); a failed write is what matters.
  const bool failed = ::fsync(descriptor) != 0 && errno != EINVAL;
  const int reason = errno;
  ::close(descriptor);
  if (failed) Fail("flush", path, std::strerror(reason));
}

/// Renames without replacing; errno tells why not.
bool RenameToFree(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // File systems without that flag: a plain rename replaces at most an empty folder, never a version.
  return ::rename(from.c_str(), to.c_str()) == 0;
}

}  // namespace

Staging::Staging(const fs::path& root) {
  std::error_code error;
  fs::create_directories(root, error);
  if (error) Fail("create the model library", root, error.message());
  std::string pattern = (root / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) Fail("write to the model library", root, std::strerror(errno));
  path_ = pattern;
  // mkdtemp makes private folders, but a library may be shared: what a plain mkdir would have given.
  fs::permissions(path_, fs::status(root, error).permissions(), error);
}

Staging::~Staging() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

void Staging::CopyIn(const fs::path& file, const std::string& name) const {
  std::error_code error;
  fs::copy_file(file, path_ / name, error);
  if (error) Fail(fmt::format("copy {} to", file.string()), path_ / name, error.message());
  FlushToDisk(path_ / name);
}

bool Staging::Publish(const fs::path& target) {
  FlushToDisk(path_);
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) Fail("create", target.parent_path(), error.message());
  if (!RenameToFree(path_, target)) {
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) return false;
    Fail("store", target, std::strerror(errno));
  }
  path_.clear();
  FlushToDisk(target.parent_path());
  return true;
}

void RemoveOldStaging(const fs::path& root) {
  std::error_code ignored;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(root, ignored)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    const auto time = fs::last_write_time(entry.path(), ignored);
    if (!ignored && fs::file_time_type::clock::now() - time > kOld) old.push_back(entry.path());
  }
  for (const fs::path& path : old) fs::remove_all(path, ignored);
}

}  // namespace reelswap
