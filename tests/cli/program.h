#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace reelswap::testing {

/// What a run of the program said.
struct ProgramResult {
  int exit_code = -1;  ///< -signal when it was killed
  std::string out;
  std::string err;
};

/// The program under test as users start it: its own process, working in `folder`.
class Program {
 public:
  /// Starts it; stdin is empty.
  Program(const std::vector<std::string>& arguments, const std::filesystem::path& folder);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads stdout until a line contains `text`; false when the program ended before.
  bool WaitForLine(const std::string& text);
  void Signal(int signal);
  ProgramResult Wait();

 private:
  bool ReadMore();

  pid_t pid_ = -1;
  int out_ = -1;
  std::filesystem::path err_file_;
  std::string read_;
  bool waited_ = false;
};

/// Starts and waits.
ProgramResult RunProgram(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

}  // namespace reelswap::testing
