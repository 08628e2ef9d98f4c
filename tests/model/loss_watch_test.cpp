#include "model/loss_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reelswap {
namespace {

using Verdict = LossWatch::Verdict;

TEST(LossWatch, LetsNoiseAndSlowRisesPass) {
  LossWatch watch;
  for (const double loss : {0.4, 0.2, 0.1, 0.12, 0.08, 0.11, 0.06, 0.09, 0.05, 0.1, 0.11, 0.08}) {
    EXPECT_EQ(watch.AddWindow({loss, loss}), Verdict::kGood) << loss;
  }
}

TEST(LossWatch, GivesALossThatStaysFarAboveItsBestUpAfterAHundredSteps) {
  LossWatch watch;
  watch.AddWindow({0.05, 0.05});
  for (int i = 0; i < LossWatch::kPatience - 1; ++i) EXPECT_EQ(watch.AddWindow({0.05, 0.2}), Verdict::kDoubtful);
  EXPECT_EQ(watch.AddWindow({0.05, 0.2}), Verdict::kLost);
  EXPECT_EQ(watch.person(), 1u);
  EXPECT_THAT(watch.reason(), ::testing::HasSubstr("ran away (0.200 after 0.050)"));
}

TEST(LossWatch, ForgetsAnOutbreakThatPasses) {
  LossWatch watch;
  watch.AddWindow({0.05});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(watch.AddWindow({0.2}), Verdict::kDoubtful);
    EXPECT_EQ(watch.AddWindow({0.06}), Verdict::kGood);
  }
}

TEST(LossWatch, JudgesSingleErrorsByTheBestOfEarlierRuns) {
  LossWatch watch;
  EXPECT_EQ(watch.Judge({0.5}), Verdict::kGood);  // nothing to compare with
  watch.Remember({0.05});
  watch.Remember({0.30});
  EXPECT_EQ(watch.Judge({0.11}), Verdict::kGood);
  EXPECT_EQ(watch.Judge({0.13}), Verdict::kDoubtful);
}

TEST(LossWatch, TellsADeadNetworkFromOneThatPaintsBlackFaces) {
  const OutputLook learning{.error = 0.2, .pinned = 0.1, .variation = 0.02, .target_variation = 0.1};
  const OutputLook pinned{.error = 0.44, .pinned = 1, .variation = 0, .target_variation = 0.1};
  const OutputLook same{.error = 0.15, .pinned = 0, .variation = 0.0001, .target_variation = 0.1};
  const OutputLook black{.error = 0.001, .pinned = 1, .variation = 0, .target_variation = 0.001};
  const OutputLook one_gray_picture{.error = 0.2, .pinned = 0, .variation = 0, .target_variation = 0};
  EXPECT_FALSE(LooksDead(learning));
  EXPECT_TRUE(LooksDead(pinned));
  EXPECT_TRUE(LooksDead(same));
  EXPECT_FALSE(LooksDead(black));
  EXPECT_FALSE(LooksDead(one_gray_picture));
  LossWatch watch;
  EXPECT_EQ(watch.AddLook({learning, learning}), Verdict::kGood);
  for (int i = 0; i < LossWatch::kLooks - 1; ++i) EXPECT_EQ(watch.AddLook({learning, pinned}), Verdict::kDoubtful);
  EXPECT_EQ(watch.AddLook({learning, pinned}), Verdict::kLost);
  EXPECT_THAT(watch.reason(), ::testing::HasSubstr("stays at 0.440"));
  EXPECT_EQ(watch.AddLook({learning, learning}), Verdict::kGood);
}

}  // namespace
}  // namespace reelswap
