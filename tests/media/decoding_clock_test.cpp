#include "media/decoding_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace reelswap {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> Times(DecodingClock& clock, int count) {
  std::vector<int64_t> times;
  for (int i = 0; i < count; ++i) times.push_back(clock.Next());
  return times;
}

TEST(DecodingClock, CountsHowFarPacketsComeBeforeTheirPlace) {
  const auto depth = [](std::vector<int64_t> pts) { return DecodingClock::DepthOf(pts); };
  EXPECT_EQ(depth({0, 1, 2}), 0);
  EXPECT_EQ(depth({0, 3, 1, 2}), 1);
  EXPECT_EQ(depth({0, 4, 2, 1, 3}), 2);
  EXPECT_EQ(depth({}), 0);
  EXPECT_EQ(depth({7}), 0);
}

TEST(DecodingClock, DecodesWhenShownWhereNothingIsReordered) {
  const std::vector<int64_t> pts = {5, 9, 10};
  DecodingClock clock(0, pts);
  clock.Add(pts);
  EXPECT_THAT(Times(clock, 3), ElementsAre(5, 9, 10));
}

TEST(DecodingClock, BeginsAsMuchBeforeTheFirstFrameAsItIsDeep) {
  const std::vector<int64_t> pts = {0, 100, 200, 300, 400};
  DecodingClock clock(2, pts);
  clock.Add(pts);
  EXPECT_THAT(Times(clock, 5), ElementsAre(-200, -100, 0, 100, 200));
}

TEST(DecodingClock, RunsOnOverRunsOfAnyLength) {
  const std::vector<int64_t> all = {0, 1, 2, 3, 50, 51, 52};
  DecodingClock clock(2, all);
  std::vector<int64_t> got;
  for (const std::vector<int64_t>& run : {std::vector<int64_t>{0}, {1, 2}, {3, 50, 51}, {52}}) {
    clock.Add(run);
    const auto times = Times(clock, static_cast<int>(run.size()));
    got.insert(got.end(), times.begin(), times.end());
  }
  EXPECT_THAT(got, ElementsAre(-2, -1, 0, 1, 2, 3, 50));
}

TEST(DecodingClock, RefusesAHeadThatIsTooShortAndMorePacketsThanFrames) {
  const std::vector<int64_t> pts = {0, 1};
  EXPECT_THROW(DecodingClock(2, pts), std::invalid_argument);
  DecodingClock clock(0, pts);
  EXPECT_THROW(clock.Next(), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
