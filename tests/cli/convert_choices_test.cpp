// What a conversion can be asked for: a sample, several people, several looks of one video.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;

/// A trained project that every test converts in its own way.
class ConvertChoices : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    trained_ = new TempDir();
    DemoProject().Write(trained_->path());
    ASSERT_EQ(RunProgram({"preprocess", "project.yaml", "--quiet"}, trained_->path()).exit_code, 0);
    ASSERT_EQ(RunProgram({"train", "project.yaml", "--quiet"}, trained_->path()).exit_code, 0);
  }
  static void TearDownTestSuite() { delete trained_; }

  ProgramResult Convert(const std::string& keys, std::vector<std::string> more = {}) {
    DemoProject project;
    project.target_keys = keys;
    project.Write(trained_->path());
    fs::remove_all(Output());
    std::vector<std::string> words{"convert", "project.yaml", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return RunProgram(words, trained_->path());
  }

  static fs::path Output() { return trained_->path() / "data/small/output"; }

  static TempDir* trained_;
};
TempDir* ConvertChoices::trained_ = nullptr;

TEST_F(ConvertChoices, ASampleIsAStretchOfTheVideoWithItsSound) {
  const ProgramResult result = Convert("side_by_side: off", {"--sample", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  ASSERT_EQ(FinalFilesBelow(Output()),
            (std::vector<std::string>{"ava_target_ava_as_ben_sample.mp4", "ava_target_ava_as_ben_sample.mp4.json"}));
  const fs::path sample = Output() / "ava_target_ava_as_ben_sample.mp4";
  const std::vector<double> times = Seconds(sample);
  ASSERT_EQ(times.size(), 50u);  // 25 frames/s
  EXPECT_NEAR(times.front(), 0, 0.001);
  EXPECT_NEAR(times.back(), 49 / 25.0, 0.001);
  const auto whole = AudioPacketDigests(DemoMedia() / "ava_target.mp4"), some = AudioPacketDigests(sample);
  ASSERT_FALSE(some.empty());
  EXPECT_LT(some.size(), whole.size());
  // 2 s of it, a packet more at either end (AAC at 48 kHz: 21 ms).
  EXPECT_NEAR(some.back().seconds() - some.front().seconds(), 2.0, 0.08);
  const auto first = std::find_if(whole.begin(), whole.end(), [&](const auto& p) { return p.sha256 == some.front().sha256; });
  ASSERT_NE(first, whole.end()) << "copied packets are the source's own";
}

TEST_F(ConvertChoices, SeveralPeopleAtOnceNeedTheIdentityNetworkOrAreRefused) {
  ::setenv("REELSWAP_IDENTITY_WEIGHTS", "/nonexistent", 1);
  DemoProject project;
  std::string text = project.Text();
  const std::string one = "{ava: ben}";
  text.replace(text.find(one), one.size(), "{ava: ben, ben: ava}");
  std::ofstream(trained_->path() / "project.yaml") << text;
  const ProgramResult result = RunProgram({"convert", "project.yaml"}, trained_->path());
  ::unsetenv("REELSWAP_IDENTITY_WEIGHTS");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE((result.out + result.err).find("reelswap weights pull"), std::string::npos) << result.out << result.err;
}

TEST_F(ConvertChoices, SlowEveryLayoutShowsTheOriginalBesideTheResult) {
  const FrameFormat one = ProbeVideo(DemoMedia() / "ava_target.mp4").format;
  const struct {
    const char* layout;
    int across, down;
  } cases[] = {{"vertical", 1, 2}, {"wipe", 1, 1}, {"mask", 3, 1}};
  for (const auto& each : cases) {
    SCOPED_TRACE(each.layout);
    const ProgramResult result = Convert(std::string("side_by_side: ") + each.layout + "\n    duration: 1");
    ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
    const fs::path pair = Output() / "ava_target_ava_as_ben_side_by_side.mp4";
    const FrameFormat format = ProbeVideo(pair).format;
    EXPECT_EQ(format.width, each.across * one.width);
    EXPECT_EQ(format.height, each.down * one.height);
    EXPECT_EQ(ReadFrames(pair).size(), 25u);
  }
}

TEST_F(ConvertChoices, SlowTheSameVideoIsConvertedAgainWithoutLookingAtItAgain) {
  ASSERT_EQ(Convert("side_by_side: off\n    color: reinhard").exit_code, 0);
  std::set<std::string> before;
  for (const auto& entry : fs::directory_iterator(trained_->path() / "data/small/convert")) {
    if (entry.path().filename().string().starts_with("video_")) before.insert(entry.path().filename().string());
  }
  ASSERT_FALSE(before.empty());
  const ProgramResult again = Convert("side_by_side: off\n    color: none\n    blend: poisson\n    mask: components");
  ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
  std::set<std::string> analyses;
  for (const auto& entry : fs::directory_iterator(trained_->path() / "data/small/convert")) {
    if (entry.path().filename().string().starts_with("video_")) analyses.insert(entry.path().filename().string());
  }
  EXPECT_EQ(analyses, before);
  EXPECT_EQ(ItemsOf(ReadReport(trained_->path()), "target").at(0).at("state"), "done");
}

}  // namespace
}  // namespace reelswap::testing
