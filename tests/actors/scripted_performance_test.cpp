#include "actors/scripted_performance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace reelswap {
namespace {

constexpr double kFrame = 1 / 25.0;  // seconds

TEST(ScriptedPerformance, MovesWithoutJumps) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const ScriptedPerformance script(seed, 12);
    Performance last = script.At(0);
    for (double t = kFrame; t < 12; t += kFrame) {
      const Performance now = script.At(t);
      // 100 degrees a second would be hectic; scripts are written for 70.
      EXPECT_LT(std::fabs(now.pose.yaw - last.pose.yaw), 4) << "seed " << seed << " at " << t;
      EXPECT_LT(std::fabs(now.pose.pitch - last.pose.pitch), 4) << "seed " << seed << " at " << t;
      EXPECT_LT(std::fabs(now.pose.roll - last.pose.roll), 4) << "seed " << seed << " at " << t;
      EXPECT_LT(cv::norm(now.position - last.position), 0.2) << "cm, seed " << seed;
      EXPECT_LT(std::fabs(now.smile - last.smile), 0.25) << "seed " << seed << " at " << t;
      EXPECT_LT(std::fabs(now.brow_raise - last.brow_raise), 0.35) << seed << " at " << t;
      EXPECT_LT(std::fabs(now.jaw_open - last.jaw_open), 0.45) << seed << " at " << t;
      last = now;
    }
  }
}

TEST(ScriptedPerformance, IsContinuousInTime) {
  const ScriptedPerformance script(3, 12);
  for (double t = 0; t < 12; t += 0.001) {
    const Performance now = script.At(t), next = script.At(t + 0.001);
    // In a millisecond nothing may move further than its fastest movement, a saccade or a blink.
    EXPECT_LT(std::fabs(now.pose.yaw - next.pose.yaw), 0.1) << t;
    EXPECT_LT(std::fabs(now.gaze_x - next.gaze_x), 0.06) << t;
    EXPECT_LT(std::fabs(now.blink_left - next.blink_left), 0.03) << t;
    EXPECT_LT(std::fabs(now.jaw_open - next.jaw_open), 0.02) << t;
  }
}

TEST(ScriptedPerformance, CoversTheRangeOfPosesAndExpressionsInTwelveSeconds) {
  for (uint32_t seed = 11; seed <= 16; ++seed) {
    const ScriptedPerformance script(seed, 12);
    float yaw_low = 0, yaw_high = 0, pitch_low = 0, pitch_high = 0, roll_low = 0, roll_high = 0;
    float smile = 0, jaw = 0, blink = 0, raise = 0, frown = 0;
    for (double t = 0; t < 12; t += kFrame) {
      const Performance now = script.At(t);
      yaw_low = std::min(yaw_low, now.pose.yaw);
      yaw_high = std::max(yaw_high, now.pose.yaw);
      pitch_low = std::min(pitch_low, now.pose.pitch);
      pitch_high = std::max(pitch_high, now.pose.pitch);
      roll_low = std::min(roll_low, now.pose.roll);
      roll_high = std::max(roll_high, now.pose.roll);
      smile = std::max(smile, now.smile);
      jaw = std::max(jaw, now.jaw_open);
      blink = std::max(blink, now.blink_left);
      raise = std::max(raise, now.brow_raise);
      frown = std::max(frown, now.brow_frown);
    }
    EXPECT_LT(yaw_low, -22) << seed;
    EXPECT_GT(yaw_high, 22) << seed;
    EXPECT_LT(pitch_low, -6) << seed;
    EXPECT_GT(pitch_high, 6) << seed;
    EXPECT_LT(roll_low, -6) << seed;
    EXPECT_GT(roll_high, 6) << seed;
    EXPECT_GT(smile, .4) << seed;
    EXPECT_GT(jaw, .4) << seed;
    EXPECT_GT(blink, .9) << seed;
    EXPECT_GT(raise, .5) << seed;
    EXPECT_GT(frown, .3) << seed;
  }
}

TEST(ScriptedPerformance, KeepsActionsInTheirRanges) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    const ScriptedPerformance script(seed, 20, 1.3f);
    for (double t = -1; t < 21; t += kFrame) {
      const Performance now = script.At(t);
      for (const float action : {now.jaw_open, now.smile, now.pucker, now.blink_left, now.blink_right,
                                 now.brow_raise, now.brow_frown}) {
        EXPECT_GE(action, 0);
        EXPECT_LE(action, 1);
      }
      EXPECT_LE(std::fabs(now.gaze_x), 1);
      EXPECT_LE(std::fabs(now.gaze_y), 1);
    }
  }
}

TEST(ScriptedPerformance, RangeZeroKeepsTheHeadNearlyStill) {
  const ScriptedPerformance script(8, 10, 0);
  for (double t = 0; t < 10; t += kFrame) {
    EXPECT_LT(std::fabs(script.At(t).pose.yaw), 1);  // degrees: the drift that is always there
    EXPECT_EQ(script.At(t).pose.roll, 0);
  }
}

TEST(ScriptedPerformance, BlinksAsOftenAsPeopleDo) {
  const ScriptedPerformance script(5, 60);
  int blinks = 0;
  bool closed = false;
  for (double t = 0; t < 60; t += 0.01) {
    const bool now = script.At(t).blink_left > .5f;
    blinks += now && !closed ? 1 : 0;
    closed = now;
  }
  EXPECT_GE(blinks, 12);
  EXPECT_LE(blinks, 40);
}

TEST(ScriptedPerformance, IsTheSameForTheSameSeedAndOtherForAnother) {
  const ScriptedPerformance one(1, 5), again(1, 5), other(2, 5);
  EXPECT_EQ(one.At(3).pose.yaw, again.At(3).pose.yaw);
  EXPECT_NE(one.At(3).pose.yaw, other.At(3).pose.yaw);
}

TEST(ScriptedPerformance, RefusesNonsense) {
  EXPECT_THROW(ScriptedPerformance(1, -1), std::invalid_argument);
  EXPECT_THROW(ScriptedPerformance(1, 1e9), std::invalid_argument);
  EXPECT_THROW(ScriptedPerformance(1, 5, 2), std::invalid_argument);
  EXPECT_THROW(ScriptedPerformance(1, 5, -1), std::invalid_argument);
  EXPECT_NO_THROW(ScriptedPerformance(1, 0).At(0));
}

}  // namespace
}  // namespace reelswap
