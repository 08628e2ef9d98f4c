#include "cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "testing/temp_dir.h"

namespace reelswap::testing {

Program::Program(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  static int count = 0;
  err_file_ = folder / ("stderr_" + std::to_string(++count) + ".txt");
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<std::string> words = {REELSWAP_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::dup2(::open(err_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  out_ = pipe_ends[0];
}

Program::~Program() {
  if (!waited_) {
    Signal(SIGKILL);
    Wait();
  }
  ::close(out_);
}

bool Program::ReadMore() {
  char buffer[4096];
  const ssize_t n = ::read(out_, buffer, sizeof buffer);
  if (n <= 0) return false;
  read_.append(buffer, static_cast<size_t>(n));
  return true;
}

bool Program::WaitForLine(const std::string& text) {
  while (read_.find(text) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

void Program::Signal(int signal) { ::kill(pid_, signal); }

ProgramResult Program::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  waited_ = true;
  ProgramResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  result.out = read_;
  std::ostringstream err;
  err << std::ifstream(err_file_).rdbuf();
  result.err = err.str();
  return result;
}

ProgramResult RunProgram(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  return Program(arguments, folder).Wait();
}

namespace {

TEST(Program, HelpNamesEveryCommandAndGivesAnExample) {
  TempDir dir;
  const ProgramResult result = RunProgram({"--help"}, dir.path());
  EXPECT_EQ(result.exit_code, 0);
  for (const char* word : {"run", "check", "plan", "preprocess", "train", "convert", "models", "doctor", "demo",
                           "verify", "Examples:", "Exit codes:"}) {
    EXPECT_NE(result.out.find(word), std::string::npos) << word;
  }
}

TEST(Program, AWrongCommandLineIsAUsageError) {
  TempDir dir;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"swap"}, {"run"}, {"run", "a.yaml", "--fast"}, {"models"}}) {
    const ProgramResult result = RunProgram(arguments, dir.path());
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_FALSE(result.err.empty());
  }
}

TEST(Program, DoctorLooksAtTheMachine) {
  TempDir dir;
  const ProgramResult result = RunProgram({"doctor"}, dir.path());
  for (const char* word : {"LibTorch", "BLAS", "encoders", "h264", "yt-dlp", "landmarks", "disk", "CUDA"}) {
    EXPECT_NE(result.out.find(word), std::string::npos) << word << "\n" << result.out;
  }
}

TEST(Program, AnEmptyLibrarySaysHowToFillIt) {
  TempDir dir;
  const ProgramResult result = RunProgram({"models", "list"}, dir.path());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("no models"), std::string::npos);
  EXPECT_EQ(RunProgram({"models", "show", "nobody"}, dir.path()).exit_code, 1);
}

TEST(Program, VerifyFindsNoMarksOnAPlainFile) {
  TempDir dir;
  std::ofstream(dir / "a.mp4") << "not a video";
  const ProgramResult result = RunProgram({"verify", "a.mp4"}, dir.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(RunProgram({"verify", "absent.mp4"}, dir.path()).exit_code, 1);
}

}  // namespace
}  // namespace reelswap::testing
