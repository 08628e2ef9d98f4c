#include "fetch/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

ProcessOptions Shell(const std::string& script) {
  ProcessOptions options;
  options.argv = {"sh", "-c", script};
  options.environment = {{"PATH", SearchPath()}};
  return options;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool NoChildIsLeft() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

TEST(RunProcess, GivesExitCodeAndBothStreams) {
  const ProcessResult result = RunProcess(Shell("echo out; echo err >&2; exit 7"), {});
  EXPECT_TRUE(result.started);
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.stdout_text, "out\n");
  EXPECT_EQ(result.stderr_text, "err\n");
  EXPECT_FALSE(result.timed_out);
  EXPECT_TRUE(NoChildIsLeft());
}

TEST(RunProcess, GivesTheSignalAsNegativeExitCode) {
  EXPECT_EQ(RunProcess(Shell("kill -SEGV $$"), {}).exit_code, -SIGSEGV);
}

TEST(RunProcess, SaysThatAProgramDoesNotExist) {
  ProcessOptions options;
  options.argv = {"no-such-program-here"};
  const ProcessResult result = RunProcess(options, {});
  EXPECT_FALSE(result.started);
  EXPECT_THAT(result.stderr_text, HasSubstr("no such program"));
}

TEST(RunProcess, SaysThatAFileIsNoProgram) {
  TempDir dir;
  std::ofstream(dir / "broken") << "#!/no/such/interpreter\n";
  std::filesystem::permissions(dir / "broken", std::filesystem::perms::owner_all);
  ProcessOptions options;
  options.argv = {(dir / "broken").string()};
  const ProcessResult result = RunProcess(options, {});
  EXPECT_FALSE(result.started);
  EXPECT_THAT(result.stderr_text, HasSubstr("No such file"));
  EXPECT_TRUE(NoChildIsLeft());
}

TEST(RunProcess, RefusesAnEmptyCommand) { EXPECT_THROW(RunProcess({}, {}), std::invalid_argument); }

TEST(RunProcess, PassesArgumentsWithoutAShell) {
  ProcessOptions options;
  options.argv = {"printf", "%s|%s", "$(touch y) `id` \"", "a\nb"};
  EXPECT_EQ(RunProcess(options, {}).stdout_text, "$(touch y) `id` \"|a\nb");
}

TEST(RunProcess, GivesTheChildOnlyTheNamedEnvironment) {
  ::setenv("REELSWAP_TEST_SECRET", "1", 1);
  ProcessOptions options;
  options.argv = {"env"};
  options.environment = {{"PATH", SearchPath()}, {"ONLY", "this"}};
  const std::string text = RunProcess(options, {}).stdout_text;
  ::unsetenv("REELSWAP_TEST_SECRET");
  EXPECT_THAT(text, HasSubstr("ONLY=this"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("SECRET")));
}

TEST(RunProcess, GivesTheChildAnEmptyStdinAndNoneOfOurFiles) {
  TempDir dir;
  const int file = ::open((dir / "f").c_str(), O_WRONLY | O_CREAT, 0600);
  const int leaked = ::dup2(file, 77);
  ::close(file);
  ASSERT_EQ(leaked, 77);
  const ProcessResult result = RunProcess(Shell("cat; test -e /proc/self/fd/77 && echo leaked; true"), {});
  ::close(leaked);
  EXPECT_EQ(result.stdout_text, "");
  EXPECT_EQ(result.exit_code, 0);
}

TEST(RunProcess, StartsInTheWorkingFolder) {
  TempDir dir;
  ProcessOptions options = Shell("pwd -P");
  options.working_folder = dir.path();
  EXPECT_EQ(RunProcess(options, {}).stdout_text, std::filesystem::canonical(dir.path()).string() + "\n");
  options.working_folder = dir / "absent";
  EXPECT_FALSE(RunProcess(options, {}).started);
}

TEST(RunProcess, HandsOverLinesWithoutTheirEnds) {
  std::vector<std::string> lines;
  ProcessOptions options = Shell("printf 'a\\r\\nb\\n\\nlast'");
  options.on_stdout_line = [&](const std::string& line) { lines.push_back(line); };
  RunProcess(options, {});
  EXPECT_THAT(lines, ElementsAre("a", "b", "", "last"));
}

TEST(RunProcess, EndsTheProgramWhenALineIsRefused) {
  ProcessOptions options = Shell("echo go; sleep 60");
  options.on_stdout_line = [](const std::string&) { throw std::runtime_error("enough"); };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(RunProcess(options, {}), std::runtime_error);
  EXPECT_LT(SecondsSince(start), 5.0);  // s; far below the 60 of the sleep, whatever the load
  EXPECT_TRUE(NoChildIsLeft());
}

TEST(RunProcess, KeepsTheEndOfHugeOutputOnBothStreams) {
  const ProcessResult result = RunProcess(
      Shell("head -c 5000000 /dev/zero | tr '\\0' x >&2; head -c 5000000 /dev/zero | tr '\\0' y; echo END; "
            "echo END >&2"),
      {});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.stdout_text.size(), size_t{1} << 20);
  EXPECT_EQ(result.stderr_text.size(), size_t{64} << 10);
  EXPECT_TRUE(result.stdout_text.ends_with("yEND\n"));
  EXPECT_TRUE(result.stderr_text.ends_with("xEND\n"));
}

TEST(RunProcess, EndsAProgramThatTakesTooLong) {
  ProcessOptions options = Shell("sleep 60 & sleep 60");
  options.timeout_seconds = 0.2;
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = RunProcess(options, {});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.exit_code, -SIGTERM);
  EXPECT_LT(SecondsSince(start), 5.0);
}

TEST(RunProcess, EndsAtOnceOnAStopRequest) {
  std::stop_source stop;
  ProcessOptions options = Shell("echo ready; sleep 60");
  options.on_stdout_line = [&](const std::string&) { stop.request_stop(); };
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = RunProcess(options, stop.get_token());
  EXPECT_EQ(result.exit_code, -SIGTERM);
  EXPECT_FALSE(result.timed_out);
  EXPECT_LT(SecondsSince(start), 1.5);  // s; less than the grace before SIGKILL
}

TEST(RunProcess, KillsAProgramThatIgnoresTheRequest) {
  std::stop_source stop;
  ProcessOptions options = Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  options.on_stdout_line = [&](const std::string&) { stop.request_stop(); };
  EXPECT_EQ(RunProcess(options, stop.get_token()).exit_code, -SIGKILL);
  EXPECT_TRUE(NoChildIsLeft());
}

TEST(RunProcess, DoesNotWaitForAGrandchildThatKeepsThePipe) {
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = RunProcess(Shell("sleep 60 & echo done"), {});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.stdout_text, "done\n");
  EXPECT_LT(SecondsSince(start), 5.0);
}

TEST(RunProcess, BoundsTheFilesOfTheChild) {
  TempDir dir;
  ProcessOptions options = Shell("head -c 100000 /dev/zero > big");
  options.working_folder = dir.path();
  options.max_file_bytes = 1000;
  EXPECT_NE(RunProcess(options, {}).exit_code, 0);
  EXPECT_EQ(std::filesystem::file_size(dir / "big"), 1000u);
}

TEST(RunProcess, LetsTheProgramDieWithUs) {
  TempDir dir;
  const std::string note = (dir / "pid").string();
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // so that the orphan comes to us
  const pid_t middle = ::fork();
  if (middle == 0) {
    RunProcess(Shell("echo $$ > " + note + ".tmp; mv " + note + ".tmp " + note + "; exec sleep 60"), {});
    ::_exit(0);
  }
  pid_t program = 0;
  for (int i = 0; i < 1000 && program == 0; ++i) {
    std::ifstream(note) >> program;
    if (program == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_GT(program, 0);
  ::kill(middle, SIGKILL);
  ASSERT_EQ(::waitpid(middle, nullptr, 0), middle);
  int status = 0;
  ASSERT_EQ(::waitpid(program, &status, 0), program);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST(FindProgram, LooksOnlyAtAbsoluteFoldersAndExecutableFiles) {
  TempDir dir;
  std::ofstream(dir / "tool") << "#!/bin/sh\n";
  EXPECT_FALSE(FindProgram("tool", dir.path().string()));
  std::filesystem::permissions(dir / "tool", std::filesystem::perms::owner_all);
  EXPECT_EQ(FindProgram("tool", "/nowhere:" + dir.path().string()), dir / "tool");
  EXPECT_EQ(FindProgram((dir / "tool").string(), ""), dir / "tool");
  EXPECT_FALSE(FindProgram("tool", ":.:"));
  EXPECT_FALSE(FindProgram("", "/usr/bin"));
}

}  // namespace
}  // namespace reelswap
