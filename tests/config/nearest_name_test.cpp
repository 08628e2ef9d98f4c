#include "config/nearest_name.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

TEST(EditDistance, CountsATranspositionAsOneEdit) {
  EXPECT_EQ(EditDistance("bacth", "batch"), 1);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("same", "same"), 0);
}

TEST(NearestName, SuggestsOnlyWhatIsClose) {
  const std::vector<std::string> keys = {"batch", "base", "stop", "save_every"};
  EXPECT_EQ(NearestName("bacth", keys), "batch");
  EXPECT_EQ(NearestName("Save_Evry", keys), "save_every");
  EXPECT_EQ(NearestName("optimizer", keys), std::nullopt);
  EXPECT_EQ(NearestName("x", keys), std::nullopt);
  EXPECT_EQ(NearestName("", keys), std::nullopt);
  EXPECT_EQ(NearestName(std::string(100'000, 'b'), keys), std::nullopt);
}

TEST(NearestName, DoesNotTurnAnyShortWordIntoAnother) {
  EXPECT_EQ(NearestName("a", {"b"}), std::nullopt);
  EXPECT_EQ(NearestName("no", {"of"}), std::nullopt);
}

TEST(DidYouMean, IsEmptyWithoutANeighbour) {
  EXPECT_EQ(DidYouMean("bacth", {"batch"}), "; did you mean 'batch'?");
  EXPECT_EQ(DidYouMean("zebra", {"batch"}), "");
}

}  // namespace
}  // namespace reelswap
