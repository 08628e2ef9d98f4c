#include "model/stop_rules.h"

#include <gtest/gtest.h>

#include <ctime>

namespace reelswap {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

std::vector<ScorePoint> Scores(const std::vector<double>& values, int64_t every = 100) {
  std::vector<ScorePoint> scores;
  for (size_t i = 0; i < values.size(); ++i) {
    scores.push_back({static_cast<int64_t>(i + 1) * every, 0, {values[i], {}}});
  }
  return scores;
}

system_clock::time_point Local(int day, int hour, int minute, int second = 0) {
  std::tm time{};
  time.tm_year = 2026 - 1900;
  time.tm_mon = 0;
  time.tm_mday = day;
  time.tm_hour = hour;
  time.tm_min = minute;
  time.tm_sec = second;
  time.tm_isdst = -1;
  return system_clock::from_time_t(std::mktime(&time));
}

TEST(NextLocalMinute, IsTheNextOneToCome) {
  EXPECT_EQ(NextLocalMinute(Local(15, 6, 59, 30), 420), Local(15, 7, 0));
  EXPECT_EQ(NextLocalMinute(Local(15, 7, 0), 420), Local(16, 7, 0));  // it has just begun: tomorrow's
  EXPECT_EQ(NextLocalMinute(Local(15, 22, 0), 420), Local(16, 7, 0));
  EXPECT_EQ(NextLocalMinute(Local(31, 23, 0), 0), Local(32, 0, 0));
  EXPECT_EQ(NextLocalMinute(Local(15, 0, 0), 1439), Local(15, 23, 59));
}

TEST(NextLocalMinute, FollowsTheChangeToSummerTime) {
  const char* before = std::getenv("TZ");
  const std::string kept = before != nullptr ? before : "";
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  tzset();
  // On 29 March 2026 the hour from 2:00 to 3:00 is left out: from 22:00 to 7:00 it is 8 hours.
  std::tm evening{};
  evening.tm_year = 126;
  evening.tm_mon = 2;
  evening.tm_mday = 28;
  evening.tm_hour = 22;
  evening.tm_isdst = -1;
  const auto start = system_clock::from_time_t(std::mktime(&evening));
  EXPECT_EQ(NextLocalMinute(start, 420) - start, hours(8));
  before != nullptr ? setenv("TZ", kept.c_str(), 1) : unsetenv("TZ");
  tzset();
}

TEST(Plateau, NeedsEightScoresAndNoRiseInTheLastThird) {
  EXPECT_FALSE(OnPlateau({}));
  EXPECT_FALSE(OnPlateau(Scores({.5, .5, .5, .5, .5, .5, .5})));
  EXPECT_TRUE(OnPlateau(Scores({.5, .5, .5, .5, .5, .5, .5, .5})));
  EXPECT_FALSE(OnPlateau(Scores({.1, .2, .3, .4, .5, .55, .58, .59})));
  EXPECT_TRUE(OnPlateau(Scores({.1, .2, .5, .5, .5, .5015, .501, .5})));
  EXPECT_FALSE(OnPlateau(Scores({.1, .2, .5, .5, .5, .503, .501, .5})));
  EXPECT_TRUE(OnPlateau(Scores({.1, .2, .5, .6, .5, .4, .3, .2})));  // falling: the best is behind us
  EXPECT_FALSE(OnPlateau(Scores({0, 0, 0, 0, 0, 0, 0, 0})));  // no better than no swap: it has not begun
}

TEST(Plateau, CountsIterationsNotScores) {
  std::vector<ScorePoint> scores = Scores({.1, .2, .3, .4, .5, .5, .5, .5}, 1);
  scores.back().iteration = 1000;
  EXPECT_TRUE(OnPlateau(scores));
  scores.back().result.score = .6;
  EXPECT_FALSE(OnPlateau(scores));
}

TEST(BestOf, IsTheEarliestOfTheHighest) {
  EXPECT_FALSE(BestOf({}));
  EXPECT_EQ(BestOf(Scores({.1, .4, .3, .4}))->iteration, 200);
}

TEST(StopRules, StopsAtTheFirstLimit) {
  TrainOptions options;
  options.iterations = 100;
  options.max_hours = 1;
  options.until_minute = 420;
  options.plateau = true;
  const auto start = Local(15, 6, 0);
  const StopRules rules(options, start);
  EXPECT_EQ(rules.Reason(99, 3599, {}, start), "");
  EXPECT_EQ(rules.Reason(100, 3599, {}, start), "iterations");
  EXPECT_EQ(rules.Reason(99, 3600, {}, start), "hours");
  EXPECT_EQ(rules.Reason(99, 0, {}, Local(15, 6, 59, 59)), "");
  EXPECT_EQ(rules.Reason(99, 0, {}, Local(15, 7, 0)), "until");
  EXPECT_EQ(rules.Reason(99, 0, Scores(std::vector<double>(8, 0.5)), start), "plateau");
  options.plateau = false;
  EXPECT_EQ(StopRules(options, start).Reason(99, 0, Scores(std::vector<double>(8, 0.5)), start), "");
}

TEST(StopRules, ProgressFollowsTheNearestLimit) {
  TrainOptions options;
  options.iterations = 100;
  const auto start = Local(15, 6, 0);
  EXPECT_TRUE(StopRules(options, start).ByIterationsOnly());
  EXPECT_DOUBLE_EQ(StopRules(options, start).Progress(25, 1e9, start), 0.25);
  options.max_hours = 1;
  EXPECT_FALSE(StopRules(options, start).ByIterationsOnly());
  EXPECT_DOUBLE_EQ(StopRules(options, start).Progress(25, 1800, start), 0.5);
  options.max_hours = 0;
  options.until_minute = 420;
  const StopRules until(options, start);
  EXPECT_DOUBLE_EQ(until.Progress(25, 900, Local(15, 6, 15)), 0.25);
  EXPECT_DOUBLE_EQ(until.Progress(25, 2700, Local(15, 6, 45)), 0.75);
  EXPECT_DOUBLE_EQ(until.Progress(25, 3600, Local(15, 7, 1)), 1);
  // Two hours were trained the day before: 6:30 is 2.5 of 3 hours.
  EXPECT_DOUBLE_EQ(until.Progress(25, 9000, Local(15, 6, 30)), 2.5 / 3);
}

}  // namespace
}  // namespace reelswap
