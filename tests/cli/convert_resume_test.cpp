// A conversion that is killed goes on where it was, and ends as one that was not.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <opencv2/core.hpp>
#include <random>
#include <thread>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kInterrupted = 130;
const std::vector<std::string> kVideos = {"ava_target_ava_as_ben.mp4", "ava_target_ava_as_ben_side_by_side.mp4"};

class ConvertResume : public ::testing::Test {
 protected:
  void SetUp() override {
    DemoProject project;
    project.target_keys = "side_by_side: horizontal\n    chunk: 1";  // 150 frames: six chunks of 25
    project.Write(dir_.path());
    ASSERT_EQ(RunProgram({"run", "project.yaml", "--quiet"}, dir_.path()).exit_code, 0);
    for (const std::string& video : kVideos) whole_.push_back(ReadFrames(Output() / video));
    const auto start = Clock::now();
    Forget();
    ASSERT_EQ(RunProgram({"convert", "project.yaml", "--quiet"}, dir_.path()).exit_code, 0);
    seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
    ExpectWhole();
  }

  fs::path Output() const { return dir_.path() / "data/small/output"; }

  /// As if nothing had ever been converted.
  void Forget() const {
    fs::remove_all(Output());
    fs::remove_all(dir_.path() / "data/small/convert");
  }

  void ExpectWhole() const {
    for (size_t v = 0; v < kVideos.size(); ++v) {
      SCOPED_TRACE(kVideos[v]);
      const std::vector<Frame> frames = ReadFrames(Output() / kVideos[v]);
      ASSERT_EQ(frames.size(), whole_[v].size());
      for (size_t i = 0; i < frames.size(); ++i) {
        ASSERT_EQ(frames[i].pts(), whole_[v][i].pts()) << "frame " << i;
        for (int p = 0; p < 3; ++p) {
          ASSERT_EQ(cv::norm(frames[i].Plane(p), whole_[v][i].Plane(p), cv::NORM_INF), 0) << "frame " << i;
        }
      }
      ExpectSameAudioPackets(DemoMedia() / "ava_target.mp4", Output() / kVideos[v]);
    }
  }

  /// Converts, killed and interrupted in turns at random instants, until it was killed `kills` times. Returns how often
  /// it got to its end.
  int KillAtRandom(int kills) {
    std::mt19937 random(7);
    // From the program's start to a little beyond its end.
    std::uniform_real_distribution<double> instant(0.05, 1.1 * seconds_);
    int ends = 0;
    bool kill = true;
    for (int killed = 0; killed < kills; kill = !kill) {
      Program program({"convert", "project.yaml", "--quiet"}, dir_.path());
      std::this_thread::sleep_for(std::chrono::duration<double>(instant(random)));
      program.Signal(kill ? SIGKILL : SIGINT);
      const ProgramResult result = program.Wait();
      if (result.exit_code == -SIGKILL || result.exit_code == kInterrupted || result.exit_code == -SIGINT) {
        killed += result.exit_code == -SIGKILL ? 1 : 0;
        for (const std::string& name : FinalFilesBelow(Output())) {  // a final name means a whole video
          if (!name.ends_with(".mp4")) continue;
          EXPECT_EQ(ReadFrames(Output() / name).size(), whole_[0].size()) << name;
        }
        continue;
      }
      EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
      ExpectWhole();
      if (HasFatalFailure()) return ends;
      ++ends;
      Forget();
    }
    const ProgramResult last = RunProgram({"convert", "project.yaml", "--quiet"}, dir_.path());
    EXPECT_EQ(last.exit_code, 0) << last.out << last.err;
    ExpectWhole();
    return ends + 1;
  }

  TempDir dir_;
  std::vector<std::vector<Frame>> whole_;
  double seconds_ = 0;
};

TEST_F(ConvertResume, GoesOnWhereItWasKilledOrInterrupted) {
  const fs::path chunks = dir_.path() / "data/small/convert";
  const auto chunk_count = [&] {
    int count = 0;
    if (!fs::exists(chunks)) return count;
    for (const auto& entry : fs::recursive_directory_iterator(chunks)) {
      const std::string name = entry.path().filename().string();
      const bool half_made = name.find(".part") != std::string::npos;
      if (name.starts_with("result_") && name.ends_with(".chunk") && !half_made) ++count;
    }
    return count;
  };
  for (const int signal : {SIGKILL, SIGINT}) {
    SCOPED_TRACE(signal);
    Forget();
    Program program({"convert", "project.yaml", "--json"}, dir_.path());
    ASSERT_TRUE(program.WaitForLine("\"stage\":\"convert\""));
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    while (chunk_count() < 2 && Clock::now() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    program.Signal(signal);
    EXPECT_EQ(program.Wait().exit_code, signal == SIGKILL ? -SIGKILL : kInterrupted);
    const int before = chunk_count();
    ASSERT_GE(before, 2);
    EXPECT_LE(before, 6);
    const ProgramResult again = RunProgram({"convert", "project.yaml"}, dir_.path());
    ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
    ExpectWhole();
    EXPECT_EQ(chunk_count(), 0) << "what a finished conversion stood on is cleared away";
  }
}

TEST_F(ConvertResume, SlowKilledAtThirtyRandomInstantsEndsAsIfNothingHadHappened) { EXPECT_GE(KillAtRandom(30), 1); }

}  // namespace
}  // namespace reelswap::testing
