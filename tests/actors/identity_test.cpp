#include "actors/identity.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace reelswap {
namespace {

TEST(NamedIdentity, KnowsTheNamesItLists) {
  for (const std::string& name : IdentityNames()) EXPECT_NO_THROW(NamedIdentity(name)) << name;
  EXPECT_THROW(NamedIdentity("zoe"), std::invalid_argument);
  EXPECT_THROW(NamedIdentity(""), std::invalid_argument);
}

TEST(NamedIdentity, AvaAndBenAreClearlyDifferent) {
  const ActorIdentity ava = NamedIdentity("ava"), ben = NamedIdentity("ben");
  EXPECT_GT(ava.face.skin.x, 2 * ben.face.skin.x);
  EXPECT_NE(ava.head.hair_style, ben.head.hair_style);
  EXPECT_GT(ben.face.beard, ava.face.beard);
}

TEST(RandomIdentity, IsThePersonOfItsSeed) {
  const ActorIdentity one = RandomIdentity(4), again = RandomIdentity(4), other = RandomIdentity(5);
  EXPECT_EQ(one.face.nose_width, again.face.nose_width);
  EXPECT_EQ(one.head.cloth, again.head.cloth);
  EXPECT_NE(one.face.nose_width, other.face.nose_width);
}

TEST(RandomIdentity, StaysWithinPlausibleColoursAndStyles) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const ActorIdentity identity = RandomIdentity(seed);
    for (const Vec3 colour : {identity.face.skin, identity.face.lips, identity.face.iris, identity.face.brow,
                              identity.head.hair, identity.head.cloth}) {
      EXPECT_GT(std::min({colour.x, colour.y, colour.z}), 0) << seed;
      EXPECT_LT(std::max({colour.x, colour.y, colour.z}), 1) << seed;
    }
    EXPECT_EQ(identity.face.skin, identity.head.skin);
    const int style = static_cast<int>(identity.head.hair_style);
    EXPECT_TRUE(style >= 0 && style <= 3) << seed;
  }
}

TEST(SwappedIdentity, TakesTheFaceAndKeepsTheHead) {
  const ActorIdentity ava = NamedIdentity("ava"), ben = NamedIdentity("ben");
  const ActorIdentity swapped = SwappedIdentity(ava, ben, SkinTone::kSource);
  EXPECT_EQ(swapped.face.nose_width, ben.face.nose_width);
  EXPECT_EQ(swapped.face.beard, ben.face.beard);
  EXPECT_EQ(swapped.face.skin, ben.face.skin);
  EXPECT_EQ(swapped.head.hair, ava.head.hair);
  EXPECT_EQ(swapped.head.skin, ava.head.skin);
  EXPECT_EQ(swapped.seed, ava.seed);
}

TEST(SwappedIdentity, KeepsTheTargetsSkinToneAndScalesTheLipsUnlessToldOtherwise) {
  const ActorIdentity ava = NamedIdentity("ava"), ben = NamedIdentity("ben");
  const ActorIdentity swapped = SwappedIdentity(ava, ben);
  EXPECT_EQ(swapped.face.skin, ava.face.skin);
  EXPECT_FLOAT_EQ(swapped.face.lips.x / ava.face.skin.x, ben.face.lips.x / ben.face.skin.x);
  EXPECT_FLOAT_EQ(swapped.face.lips.z / ava.face.skin.z, ben.face.lips.z / ben.face.skin.z);
}

}  // namespace
}  // namespace reelswap
