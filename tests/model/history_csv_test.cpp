#include "model/history_csv.h"

#include <gtest/gtest.h>

#include <cmath>

namespace reelswap {
namespace {

TEST(HistoryCsv, HasARowPerIterationWithEmptyCellsWhereNothingWasMeasured) {
  const std::vector<HistoryPoint> history = {{25, 1.5, {{"a", 0.25}, {"b", 0.5}}}, {50, 3, {{"a", 0.125}, {"b", 0.25}}}};
  const std::vector<ScorePoint> scores = {{40, 2.5, {0.75, {{"ssim", 0.9}}}},
                                          {50, 3, {0.8, {{"flicker", std::nan("")}, {"ssim", 0.95}}}}};
  EXPECT_EQ(HistoryCsv(history, scores, {"a", "b"}),
            "iteration,seconds,loss a,loss b,score,flicker,ssim\n"
            "25,1.50,0.25,0.5,,,\n"
            "40,2.50,,,0.75,,0.9\n"
            "50,3.00,0.125,0.25,0.8,,0.95\n");
}

TEST(HistoryCsv, QuotesNamesThatNeedIt) {
  EXPECT_EQ(HistoryCsv({}, {}, {"Doe, \"Jane\""}), "iteration,seconds,\"loss Doe, \"\"Jane\"\"\"\n");
}

}  // namespace
}  // namespace reelswap
