#include "model/training_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TempDir;

TEST(Milestones, AreListedByIteration) {
  TempDir dir;
  EXPECT_THAT(ListMilestones(dir / "missing"), IsEmpty());
  for (const int64_t iteration : {500, 123456789, 20}) std::ofstream(MilestonePath(dir.path(), iteration)) << "x";
  std::ofstream(dir / "milestone_5.safetensors") << "not ours";
  std::ofstream(dir / "milestone_00000005.safetensors.bak") << "not ours";
  EXPECT_EQ(MilestonePath(dir.path(), 20).filename(), "milestone_00000020.safetensors");
  EXPECT_THAT(ListMilestones(dir.path()), ElementsAre(20, 500, 123456789));
}

TEST(Milestones, AreThinnedSoThatTheyStaySpread) {
  EXPECT_THAT(MilestonesToDrop({}, 5), IsEmpty());
  EXPECT_THAT(MilestonesToDrop({1, 2, 3, 4, 5}, 5), IsEmpty());
  EXPECT_THAT(MilestonesToDrop({10, 20, 30, 100}, 3), ElementsAre(10));
  EXPECT_THAT(MilestonesToDrop({100, 110, 120, 200}, 3), ElementsAre(110));
  EXPECT_THAT(MilestonesToDrop({1, 2}, 0), ElementsAre(1));  // the newest stays
  std::vector<int64_t> kept;
  for (int64_t i = 1; i <= 100; ++i) {
    kept.push_back(i * 10);
    for (const int64_t gone : MilestonesToDrop(kept, 5)) kept.erase(std::find(kept.begin(), kept.end(), gone));
  }
  ASSERT_EQ(kept.size(), 5u);
  EXPECT_EQ(kept.back(), 1000);
  int64_t before = 0;
  for (const int64_t iteration : kept) {
    EXPECT_LE(iteration - before, 500) << "a gap of half the training";
    before = iteration;
  }
}

}  // namespace
}  // namespace reelswap
