#include "cli/progress_rate.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

using namespace std::chrono_literals;
using State = ProgressEvent::State;

const ProgressTime kStart{};

ProgressEvent Event(State state, double done) {
  ProgressEvent event;
  event.state = state;
  event.done = done;
  return event;
}

TEST(ProgressRate, SaysNothingBeforeHalfASecondWasSeen) {
  ProgressRate rate;
  EXPECT_FALSE(rate.PerSecond(kStart));
  rate.Observe(0, kStart);
  rate.Observe(50, kStart + 400ms);
  EXPECT_FALSE(rate.PerSecond(kStart + 400ms));
  EXPECT_TRUE(rate.PerSecond(kStart + 500ms));
}

TEST(ProgressRate, FollowsTheLastSecondsNotTheWholeHistory) {
  ProgressRate rate;
  for (int i = 0; i <= 100; ++i) rate.Observe(i, kStart + i * 100ms);  // 10 per second for 10 s
  for (int i = 1; i <= 100; ++i) rate.Observe(100 + i * 5, kStart + 10s + i * 100ms);  // then 50 for 10 s
  EXPECT_NEAR(*rate.PerSecond(kStart + 20s), 50, 0.01) << "units per second; all samples of the window fit";
}

TEST(ProgressRate, IsTheSameHoweverOftenItIsTold) {
  ProgressRate rate;
  for (int i = 0; i <= 20000; ++i) rate.Observe(i, kStart + i * 1ms);
  EXPECT_NEAR(*rate.PerSecond(kStart + 20s), 1000, 1) << "units per second; one sample of rounding";
}

TEST(ProgressRate, AveragesOverAFewEventsWhenTheyAreRare) {
  ProgressRate rate;
  for (int i = 0; i <= 10; ++i) rate.Observe(i * 20, kStart + i * 10s);
  EXPECT_NEAR(*rate.PerSecond(kStart + 100s), 2, 1e-9);
}

TEST(ProgressRate, FallsWhileNothingArrives) {
  ProgressRate rate;
  rate.Observe(0, kStart);
  rate.Observe(100, kStart + 1s);
  EXPECT_NEAR(*rate.PerSecond(kStart + 1s), 100, 1e-9);
  EXPECT_NEAR(*rate.PerSecond(kStart + 100s), 1, 1e-9);
}

TEST(ProgressRate, StartsAgainWhenTheCounterFalls) {
  ProgressRate rate;
  rate.Observe(0, kStart);
  rate.Observe(1000, kStart + 1s);
  rate.Observe(10, kStart + 2s);
  EXPECT_FALSE(rate.PerSecond(kStart + 2s));
  rate.Observe(20, kStart + 3s);
  EXPECT_NEAR(*rate.PerSecond(kStart + 3s), 10, 1e-9);
}

TEST(ProgressRate, KnowsTheRemainingTimeOnlyWithATotalAndARate) {
  ProgressRate rate;
  rate.Observe(0, kStart);
  rate.Observe(20, kStart + 2s);
  EXPECT_NEAR(*rate.SecondsLeft(50, kStart + 2s), 3, 1e-9);
  EXPECT_EQ(*rate.SecondsLeft(10, kStart + 2s), 0) << "more done than announced";
  EXPECT_FALSE(rate.SecondsLeft(0, kStart + 2s));
  ProgressRate still;
  still.Observe(5, kStart);
  EXPECT_FALSE(still.SecondsLeft(10, kStart + 2s));
}

TEST(ProgressItem, RefusesARunningEventThatComesAfterTheEnd) {
  ProgressItem item;
  EXPECT_TRUE(item.Accept(Event(State::kRunning, 1), kStart));
  EXPECT_TRUE(item.Accept(Event(State::kDone, 10), kStart + 1s));
  EXPECT_FALSE(item.Accept(Event(State::kRunning, 10), kStart + 1s));
  EXPECT_FALSE(item.Accept(Event(State::kDone, 10), kStart + 1s));
  EXPECT_TRUE(item.ended());
}

TEST(ProgressItem, TakesANewAttemptAfterAFailure) {
  ProgressItem item;
  item.Accept(Event(State::kRunning, 5), kStart);
  item.Accept(Event(State::kFailed, 5), kStart + 1s);
  EXPECT_TRUE(item.Accept(Event(State::kRunning, 5), kStart + 2s));
  EXPECT_FALSE(item.ended());
  EXPECT_EQ(item.started, kStart + 2s);
}

TEST(ProgressItem, AveragesWhatThisRunDidOfAResumedJob) {
  ProgressItem item;
  item.Accept(Event(State::kRunning, 1000), kStart);
  item.Accept(Event(State::kDone, 1500), kStart + 10s);
  EXPECT_NEAR(*item.AveragePerSecond(kStart + 10s), 50, 1e-9);
}

}  // namespace
}  // namespace reelswap
