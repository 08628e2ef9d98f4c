#include "model/architecture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/speed_probe.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Architecture, OriginalHasExactlyTheClassicWeights) {
  const NetworkFacts facts = InspectNetwork("original");
  EXPECT_EQ(facts.parameters, 82'062'470);
  EXPECT_EQ(FindArchitecture("original").parameters, 82'062'470);
  EXPECT_THAT(facts.code_shape, ElementsAre(2, 512, 8, 8));
  EXPECT_THAT(facts.output_shape, ElementsAre(2, 3, 64, 64));
}

TEST(Architecture, LowmemHasExactlyTheClassicWeights) {
  const NetworkFacts facts = InspectNetwork("lowmem");
  EXPECT_EQ(facts.parameters, 60'565'126);
  EXPECT_EQ(FindArchitecture("lowmem").parameters, 60'565'126);
  EXPECT_THAT(facts.output_shape, ElementsAre(2, 3, 64, 64));
}

TEST(Architecture, LightIsSmallAndGivesTwiceItsInputSide) {
  const NetworkFacts facts = InspectNetwork("light");
  const ArchitectureInfo info = FindArchitecture("light");
  EXPECT_EQ(facts.parameters, info.parameters);
  EXPECT_LT(info.parameters, 6'500'000);
  EXPECT_EQ(info.input, (CropGeometry{64, 1.4f, 0.10f}));
  EXPECT_EQ(info.output, (CropGeometry{128, 1.4f, 0.10f}));
  EXPECT_THAT(facts.output_shape, ElementsAre(2, 3, 128, 128));
}

TEST(Architecture, Hd128SeesItsOutputsSizeAndDrawsAMask) {
  const NetworkFacts facts = InspectNetwork("hd128");
  const ArchitectureInfo info = FindArchitecture("hd128");
  EXPECT_EQ(facts.parameters, info.parameters);
  EXPECT_EQ(info.input.size, 128);
  EXPECT_EQ(info.output.size, 128);
  EXPECT_THAT(facts.output_shape, ElementsAre(2, 4, 128, 128));
}

TEST(Architecture, SmallOnesCostNoMoreThanATenthOfOriginal) {
  const double original = FindArchitecture("original").forward_gflop;
  for (const char* name : {"light", "hd128"}) {
    EXPECT_LE(FindArchitecture(name).forward_gflop, original / 10) << name;
  }
}

TEST(Architecture, OriginalCostsTheForwardArithmeticOfItsTable) {
  EXPECT_NEAR(FindArchitecture("original").forward_gflop, 3.80, 0.02);  // GFLOP, 1.9 GMAC in the literature
}

TEST(Architecture, NamesTheKnownOnesWhenAskedForAnother) {
  try {
    FindArchitecture("dfl-h128");
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kModel);
    EXPECT_THAT(e.what(), HasSubstr("original, lowmem, light, hd128"));
  }
}

}  // namespace
}  // namespace reelswap
