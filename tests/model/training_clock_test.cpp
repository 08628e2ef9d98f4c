#include "model/training_clock.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

TEST(Stopwatch, LeavesPausesOut) {
  double now = 100;
  const TrainingClock clock{[&] { return now; }, {}};
  Stopwatch watch(clock, 10);
  now += 5;
  {
    const Stopwatch::Pause pause(watch);
    now += 50;
    EXPECT_EQ(pause.Seconds(), 50);
  }
  now += 2;
  EXPECT_EQ(watch.ThisRun(), 7);
  EXPECT_EQ(watch.Total(), 17);
}

TEST(MachineClock, GoesForward) {
  const TrainingClock clock = MachineClock();
  const double before = clock.seconds();
  EXPECT_GE(clock.seconds(), before);
  EXPECT_GT(clock.now().time_since_epoch().count(), 0);
}

TEST(CostSchedule, FollowsAFixedInterval) {
  CostSchedule schedule(10, 100, 0.03, false);
  EXPECT_FALSE(schedule.Due(9, 1));
  EXPECT_TRUE(schedule.Due(10, 1));
  schedule.Done(10, 1, 1000);  // whatever it costs
  EXPECT_FALSE(schedule.Due(10, 1));
  EXPECT_TRUE(schedule.Due(20, 2));
}

TEST(CostSchedule, SpacesByCostAfterTheFirst) {
  CostSchedule schedule(0, 100, 0.03, false);
  EXPECT_FALSE(schedule.Due(99, 50));
  EXPECT_TRUE(schedule.Due(100, 50));
  schedule.Done(100, 50, 20);  // with the preparation: counts as no more than 3 % of the 50 s
  EXPECT_FALSE(schedule.Due(1000, 99));
  EXPECT_TRUE(schedule.Due(1000, 100.1));
  schedule.Done(500, 100, 1.5);
  EXPECT_FALSE(schedule.Due(1000, 149));
  EXPECT_TRUE(schedule.Due(1000, 150.1));
  schedule.Done(1000, 150, 0);  // free of cost: not at every step all the same
  EXPECT_FALSE(schedule.Due(1024, 200));
  EXPECT_TRUE(schedule.Due(1025, 200));
}

TEST(CostSchedule, GoesOnWithAnEarlierRunsCost) {
  CostSchedule schedule(0, 100, 0.03, false);
  schedule.GoOnFrom(1000, 100, 3);
  EXPECT_FALSE(schedule.Due(2000, 199));
  EXPECT_TRUE(schedule.Due(2000, 200.1));
  schedule.Done(2000, 200, 30);  // prepares once more
  EXPECT_DOUBLE_EQ(schedule.cost(), 3);
}

TEST(CostSchedule, LeavesOutWhatWouldExceedTheShareWhereItIsBounded) {
  CostSchedule schedule(10, 0, 0.05, true);
  EXPECT_TRUE(schedule.Due(10, 1));
  schedule.Done(10, 1, 5);
  EXPECT_FALSE(schedule.Due(20, 100));
  EXPECT_FALSE(schedule.Due(21, 102));
  EXPECT_TRUE(schedule.Due(30, 102));
}

TEST(CostSchedule, RepeatsWhatARollbackUndid) {
  CostSchedule schedule(10, 0, 0.03, false);
  schedule.Done(30, 1, 1);
  EXPECT_FALSE(schedule.Due(20, 2));
  schedule.RolledBackTo(15);
  EXPECT_TRUE(schedule.Due(20, 2));
}

}  // namespace
}  // namespace reelswap
