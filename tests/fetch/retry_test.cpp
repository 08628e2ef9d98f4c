#include "fetch/retry.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/error.h"

namespace reelswap {
namespace {

TEST(RetrySchedule, DoublesWithJitterAndEnds) {
  RetrySchedule schedule(4, 1.0);
  for (const double base : {1.0, 2.0, 4.0, 8.0}) {
    ASSERT_TRUE(schedule.MayRetry());
    const double wait = schedule.NextWaitSeconds(0);
    EXPECT_GE(wait, 0.75 * base);
    EXPECT_LE(wait, 1.25 * base);
  }
  EXPECT_FALSE(schedule.MayRetry());
}

TEST(RetrySchedule, HonoursRetryAfterUpToAMinute) {
  RetrySchedule schedule(9, 0.001);
  EXPECT_EQ(schedule.NextWaitSeconds(7), 7);
  EXPECT_EQ(schedule.NextWaitSeconds(86400), 60);
  EXPECT_LT(schedule.NextWaitSeconds(-5), 1);
}

TEST(RetrySchedule, NeverWaitsLongerThanTwoMinutes) {
  RetrySchedule schedule(1000, 10.0);
  for (int i = 0; i < 100; ++i) EXPECT_LE(schedule.NextWaitSeconds(0), 120);
}

TEST(RetrySchedule, StartsAgainAfterHeadway) {
  RetrySchedule schedule(1, 1.0);
  schedule.NextWaitSeconds(0);
  EXPECT_FALSE(schedule.MayRetry());
  schedule.Restart();
  EXPECT_TRUE(schedule.MayRetry());
}

TEST(WaitUnlessStopped, ReturnsAtOnceWhenStopped) {
  std::stop_source stop;
  stop.request_stop();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(WaitUnlessStopped(60, stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_TRUE(WaitUnlessStopped(0.001, {}));
}

}  // namespace
}  // namespace reelswap
