#pragma once

// The awkward and damaged files of the shared corpus, made once for a test program.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap {

class HostileSet : public ::testing::Test {
 protected:
  // Made once, beside the test program: it costs ten seconds, and every test may run in a process of its own.
  static void SetUpTestSuite() {
    namespace fs = std::filesystem;
    const fs::path script = testing::SharedDir() / "media/make_nasty_videos.sh";
    if (testing::SharedDir().empty() || !fs::exists(script)) return;
    folder_ = fs::read_symlink("/proc/self/exe").parent_path() /
              ("hostile_set_" + Sha256OfFile(script).substr(0, 12));
    if (!fs::exists(folder_)) Make(script);
    made_ = fs::exists(folder_);
  }
  static void Make(const std::filesystem::path& script) {
    namespace fs = std::filesystem;
    if (std::system("ffmpeg -version >/dev/null 2>&1 && python3 --version >/dev/null 2>&1") != 0) return;
    const fs::path half = folder_.string() + "." + std::to_string(getpid());
    const pid_t child = fork();
    if (child == 0) {
      if (freopen("/dev/null", "w", stdout) == nullptr) _exit(126);
      execlp("bash", "bash", script.c_str(), half.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    int status = 0;
    std::error_code error;
    if (child > 0 && waitpid(child, &status, 0) == child) fs::rename(half, folder_, error);
    fs::remove_all(half, error);  // where another process was faster
  }
  void SetUp() override {
    if (!made_) GTEST_SKIP() << "needs shared/media/make_nasty_videos.sh, ffmpeg and python3";
  }

  static std::filesystem::path folder() { return folder_; }
  static std::vector<std::filesystem::path> Files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }

  static inline std::filesystem::path folder_;
  static inline bool made_ = false;
};

}  // namespace reelswap
