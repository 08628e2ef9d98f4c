// The example projects as users run them, whole: minutes, so they are labelled slow.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <opencv2/imgproc.hpp>

#include "actors/demo_clips.h"
#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "cli/swap_score.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// One run of the demo had transfer 0.44 and correlations 0.63 (truth) and 0.68 (target), from which the
// share of the truth works out at about 0.3; a target that is merely blurred stays below 0.1.
constexpr double kLeastTruthShare = 0.15;

/// A moment of the demo's target: before the swap, and after a perfect one.
struct Moment {
  int frame = 0;
  cv::Mat before;
  RenderedFrame truth;
};

/// `count` moments spread over the clip.
std::vector<Moment> Moments(int count) {
  const std::vector<Frame> target = ReadFrames(DemoMedia() / "ava_target.mp4");
  const DemoClip clip = DemoClips().at(2);
  const DemoClip swapped = clip.PlayedBy(SwappedIdentity(clip.identity(), NamedIdentity("ben")));
  std::vector<Moment> moments;
  for (int n = 0; n < count; ++n) {
    const int i = n * clip.frames() / count;
    moments.push_back({i, target.at(static_cast<size_t>(i)).Bgr(), swapped.Render(i)});
  }
  return moments;
}

/// `swap` makes the picture to be judged of a moment.
template <typename Swap>
SwapScore MeanScore(const std::vector<Moment>& moments, const Swap& swap) {
  SwapScore sum;
  for (const Moment& moment : moments) {
    const SwapScore one = CompareWithTruth(swap(moment), moment.before, moment.truth);
    sum.truth_share += one.truth_share / static_cast<double>(moments.size());
    sum.target_share += one.target_share / static_cast<double>(moments.size());
    sum.transfer += one.transfer / static_cast<double>(moments.size());
    sum.like_truth += one.like_truth / static_cast<double>(moments.size());
    sum.like_target += one.like_target / static_cast<double>(moments.size());
  }
  return sum;
}

cv::Mat Blurred(const cv::Mat& bgr, double sigma) {
  cv::Mat picture;
  cv::GaussianBlur(bgr, picture, {}, sigma);
  return picture;
}

// The measure before what is measured with it.
TEST(SwapScore, OrdersKnownSwaps) {
  const std::vector<Moment> moments = Moments(3);
  const SwapScore nothing = MeanScore(moments, [](const Moment& m) { return m.before; });
  const SwapScore half =
      MeanScore(moments, [](const Moment& m) { return cv::Mat(m.before / 2 + m.truth.image / 2); });
  const SwapScore soft = MeanScore(moments, [](const Moment& m) { return Blurred(m.truth.image, 3); });
  const SwapScore truth = MeanScore(moments, [](const Moment& m) { return m.truth.image; });
  const SwapScore erased =
      MeanScore(moments, [](const Moment& m) { return Blurred(m.before, kDetailSigma); });
  EXPECT_NEAR(nothing.truth_share, 0, 1e-6);
  EXPECT_NEAR(nothing.target_share, 1, 1e-6);
  EXPECT_NEAR(half.truth_share, 0.5, 0.02);  // rounding to 8 bits
  EXPECT_NEAR(half.target_share, 0.5, 0.02);
  EXPECT_NEAR(truth.truth_share, 1, 1e-6);
  EXPECT_NEAR(truth.target_share, 0, 1e-6);
  EXPECT_GT(soft.truth_share, half.truth_share);
  EXPECT_LT(soft.truth_share, truth.truth_share);
  // A blur goes far from the target, but nowhere.
  EXPECT_GT(erased.transfer, 0.3);
  EXPECT_LT(erased.truth_share, 0.1);
  std::cout << "blurred target: " << erased << "\nsoft truth: " << soft << "\n";
}

TEST(SlowDemo, TheSwapMovesTheFaceTowardsTheTruth) {
  TempDir dir;
  const fs::path project = fs::path(REELSWAP_SOURCE_DIR) / "configs/demo.yaml";
  const ProgramResult result = RunProgram({"run", project.string()}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const fs::path output = dir / "data/demo_run/output/ava_target_ava_as_ben.mp4";
  ExpectSameTimesAndAudio(DemoMedia() / "ava_target.mp4", output);
  const std::vector<Frame> swapped = ReadFrames(output);
  const SwapScore score =
      MeanScore(Moments(12), [&](const Moment& m) { return swapped.at(static_cast<size_t>(m.frame)).Bgr(); });
  std::cout << score << "\n";
  EXPECT_GT(score.truth_share, kLeastTruthShare);
}

/// An environment variable for the programs started while it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST(SlowFootage, TwoRealPeopleSwapBothWays) {
  const fs::path shared = SharedDir();
  if (shared.empty()) GTEST_SKIP() << "real footage is not on this machine";
  TempDir dir;
  const Environment footage("REELSWAP_FOOTAGE", (shared / "footage").string());
  const fs::path project = fs::path(REELSWAP_SOURCE_DIR) / "configs/footage.yaml";
  const ProgramResult result =
      RunProgram({"run", project.string(), "--set", "train.stop.iterations=400"}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const fs::path output = dir / "data/footage/output";
  const struct {
    const char* source;
    const char* name;
  } kSwaps[] = {{"man_hoodie/help.mkv", "help_man_as_woman"},
                {"woman_hoodie/school.mkv", "school_woman_as_man"}};
  for (const auto& swap : kSwaps) {
    const size_t frames = ReadFrames(shared / "footage" / swap.source).size();
    EXPECT_GT(frames, 0u);
    for (const char* kind : {".mp4", "_side_by_side.mp4"}) {
      const fs::path video = output / (std::string(swap.name) + kind);
      ASSERT_TRUE(fs::exists(video)) << video;
      EXPECT_EQ(ReadFrames(video).size(), frames) << video;
      EXPECT_EQ(RunProgram({"verify", video.string()}, dir.path()).exit_code, 0) << video;
    }
  }
  for (const json& item : ItemsOf(ReadReport(dir.path(), "footage"), "target")) {
    EXPECT_GT(item.at("numbers").at("frames_with_face"), 0.8 * item.at("numbers").at("frames").get<double>())
        << item;
  }
}

}  // namespace
}  // namespace reelswap::testing
