#pragma once

#include <filesystem>
#include <string>

namespace reelswap::testing {

/// A folder of the test's own below the system's temporary folder, removed with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Folder with real footage, weights and hostile media beside the repository, or empty when absent:
/// tests that need it then call GTEST_SKIP() with a message.
std::filesystem::path SharedDir();

}  // namespace reelswap::testing
