#include "pipeline/held_out.h"

#include <gtest/gtest.h>

#include <set>

namespace reelswap {
namespace {

/// `count` faces of a source, one every 0.1 s.
void AddSource(std::vector<FaceRecord>& records, const std::string& source, int count) {
  for (int i = 0; i < count; ++i) {
    FaceRecord record;
    record.source = source;
    record.frame_index = i * 3;
    record.seconds = i * 0.1;
    records.push_back(record);
  }
}

std::vector<FaceRecord> Sources(const std::vector<std::pair<std::string, int>>& counts) {
  std::vector<FaceRecord> records;
  for (const auto& [source, count] : counts) AddSource(records, source, count);
  return records;
}

std::set<std::string> SourcesOf(const std::vector<FaceRecord>& records, const std::vector<size_t>& indices) {
  std::set<std::string> sources;
  for (const size_t i : indices) sources.insert(records[i].source);
  return sources;
}

HeldOutRules MarkedRules(const std::set<std::string>& marked) {
  HeldOutRules rules;
  rules.marked = marked;
  return rules;
}

HeldOutRules AutomaticRules(int64_t fewest_training, bool automatic = true) {
  HeldOutRules rules;
  rules.automatic = automatic;
  rules.fewest_training = fewest_training;
  return rules;
}

TEST(SplitHeldOut, MarkedSourcesAreHeldOutWholeAndNothingElse) {
  const auto records = Sources({{"a", 500}, {"b", 400}, {"c", 90}});
  const HeldOutSplit split = SplitHeldOut(records, MarkedRules({"b"}));
  EXPECT_EQ(SourcesOf(records, split.held_out), std::set<std::string>{"b"});
  EXPECT_EQ(split.training.size(), 590u);
  EXPECT_FALSE(split.same_clip);
}

TEST(SplitHeldOut, AMarkedRangeOfAFileThatAlsoTrainsIsOfTheSameClip) {
  const auto records = Sources({{"a", 50}, {"b", 40}, {"c", 30}});
  HeldOutRules rules = MarkedRules({"b"});
  rules.clip_of = {{"a", "x"}, {"b", "x"}, {"c", "y"}};
  EXPECT_TRUE(SplitHeldOut(records, rules).same_clip);
  rules.marked = {"c"};
  EXPECT_FALSE(SplitHeldOut(records, rules).same_clip);
}

TEST(SplitHeldOut, AMarkedSourceWithoutFacesHoldsNothingOut) {
  const auto records = Sources({{"a", 500}, {"b", 400}});
  const HeldOutSplit split = SplitHeldOut(records, MarkedRules({"z"}));
  EXPECT_TRUE(split.held_out.empty());
  EXPECT_EQ(split.training.size(), 900u);
}

TEST(SplitHeldOut, OffHoldsNothingOut) {
  const auto records = Sources({{"a", 500}, {"b", 50}});
  EXPECT_EQ(SplitHeldOut(records, AutomaticRules(1, false)).training.size(), 550u);
}

TEST(SplitHeldOut, NobodyHasNothingToHoldOut) {
  const HeldOutSplit split = SplitHeldOut({}, {});
  EXPECT_TRUE(split.training.empty());
  EXPECT_TRUE(split.held_out.empty());
}

TEST(SplitHeldOut, WholeSourcesOfAboutATenthAreHeldOut) {
  const auto records = Sources({{"a", 400}, {"b", 100}, {"c", 450}, {"d", 50}});
  const HeldOutSplit split = SplitHeldOut(records, {});
  EXPECT_EQ(SourcesOf(records, split.held_out), std::set<std::string>{"b"});
  EXPECT_FALSE(SourcesOf(records, split.training).contains("b"));
}

TEST(SplitHeldOut, WhereTheDrawMissesATenthTheNearestSetIsTaken) {
  // In the order of the ids only "a" (20) would fit under the tenth; "b" and "c" together are nearest to it.
  const auto records = Sources({{"a", 20}, {"b", 140}, {"c", 840}});
  const HeldOutSplit split = SplitHeldOut(records, {});
  EXPECT_EQ(SourcesOf(records, split.held_out), std::set<std::string>{"b"});
}

TEST(SplitHeldOut, NeverMoreThanAQuarterAndNeverTheFacesATrainingNeeds) {
  for (const int small : {40, 90, 130, 200, 300}) {
    for (const int large : {60, 250, 400, 900}) {
      const auto records = Sources({{"a", small}, {"b", large}, {"c", large}});
      const HeldOutSplit split = SplitHeldOut(records, AutomaticRules(64));
      EXPECT_LE(split.held_out.size() * 4, records.size()) << small << " " << large;
      EXPECT_GE(split.training.size(), std::min<size_t>(300, records.size() / 2)) << small << " " << large;
    }
  }
  // A batch's worth of faces is worth more than a score.
  const auto records = Sources({{"a", 20}, {"b", 100}, {"c", 100}});
  EXPECT_EQ(SplitHeldOut(records, AutomaticRules(190)).held_out.size(), 20u);
  EXPECT_TRUE(SplitHeldOut(records, AutomaticRules(215)).held_out.empty());
}

TEST(SplitHeldOut, AnotherSourceLeavesTheHeldOutOnesWhereTheyAre) {
  const auto before = Sources({{"b", 60}, {"d", 500}, {"e", 300}});
  const auto after = Sources({{"b", 60}, {"d", 500}, {"e", 300}, {"f", 60}});
  EXPECT_EQ(SourcesOf(before, SplitHeldOut(before, {}).held_out), std::set<std::string>{"b"});
  EXPECT_TRUE(SourcesOf(after, SplitHeldOut(after, {}).held_out).contains("b"));
}

TEST(SplitHeldOut, ASingleClipGivesItsEndWithAGapBeforeIt) {
  const auto records = Sources({{"a", 1000}});  // 99.9 s
  const HeldOutSplit split = SplitHeldOut(records, {});
  EXPECT_TRUE(split.same_clip);
  ASSERT_FALSE(split.held_out.empty());
  EXPECT_EQ(split.held_out.back(), 999u);
  EXPECT_EQ(split.held_out.size(), split.held_out.back() - split.held_out.front() + 1);  // one piece
  EXPECT_NEAR(static_cast<double>(split.held_out.size()), 100, 2);
  const double gap = records[split.held_out.front()].seconds - records[split.training.back()].seconds;
  EXPECT_GE(gap, 2.0);
  EXPECT_LT(gap, 2.3);
}

TEST(SplitHeldOut, TwoEqualClipsGiveTheEndOfOneSinceAHalfIsTooMuch) {
  const auto records = Sources({{"a", 400}, {"b", 400}});
  const HeldOutSplit split = SplitHeldOut(records, {});
  EXPECT_TRUE(split.same_clip);
  EXPECT_EQ(SourcesOf(records, split.held_out).size(), 1u);
  EXPECT_EQ(SourcesOf(records, split.training).size(), 2u);
}

TEST(SplitHeldOut, RangesOfOneClipAreNeverDivided) {
  // By itself "b" would be the tenth, but "d" is another range of the same file.
  const auto records = Sources({{"a", 400}, {"b", 100}, {"c", 430}, {"d", 70}});
  HeldOutRules rules;
  rules.clip_of = {{"a", "x"}, {"b", "y"}, {"c", "z"}, {"d", "y"}};
  const auto held_out = SourcesOf(records, SplitHeldOut(records, rules).held_out);
  EXPECT_EQ(held_out.contains("b"), held_out.contains("d"));
  EXPECT_EQ(held_out, (std::set<std::string>{"b", "d"}));
}

TEST(SplitHeldOut, TheEndOfAClipIsThatOfAllItsRanges) {
  // 0 to 50 s and, overlapping, 30 to 80 s of one file.
  auto records = Sources({{"a", 500}, {"b", 500}});
  for (FaceRecord& record : records) record.seconds += record.source == "b" ? 30 : 0;
  HeldOutRules rules;
  rules.clip_of = {{"a", "x"}, {"b", "x"}};
  const HeldOutSplit split = SplitHeldOut(records, rules);
  EXPECT_TRUE(split.same_clip);
  ASSERT_FALSE(split.held_out.empty());
  for (const size_t i : split.held_out) EXPECT_GT(records[i].seconds, 71);
  for (const size_t i : split.training) EXPECT_LT(records[i].seconds, 70);
}

TEST(SplitHeldOut, AHandfulOfFacesGivesWayToTheEndOfTheLongestClip) {
  const auto records = Sources({{"a", 20}, {"b", 980}});
  const HeldOutSplit split = SplitHeldOut(records, {});
  EXPECT_TRUE(split.same_clip);
  EXPECT_EQ(SourcesOf(records, split.held_out), std::set<std::string>{"b"});
  EXPECT_NEAR(static_cast<double>(split.held_out.size()), 98, 2);
  // Pictures have no end: then the handful is better than nothing.
  auto photos = records;
  for (FaceRecord& record : photos) record.seconds = 0;
  EXPECT_EQ(SourcesOf(photos, SplitHeldOut(photos, {}).held_out), std::set<std::string>{"a"});
}

TEST(SplitHeldOut, FewFacesAllTrain) {
  EXPECT_TRUE(SplitHeldOut(Sources({{"a", 199}}), {}).held_out.empty());
  EXPECT_TRUE(SplitHeldOut(Sources({{"a", 30}, {"b", 30}}), {}).held_out.empty());
}

TEST(SplitHeldOut, PicturesWithoutTimeAreNotCutInTwo) {
  std::vector<FaceRecord> records;
  AddSource(records, "photos", 400);
  for (FaceRecord& record : records) record.seconds = 0;
  // Every picture is of the same moment: no end can be told from a beginning.
  EXPECT_TRUE(SplitHeldOut(records, {}).held_out.empty());
}

}  // namespace
}  // namespace reelswap
