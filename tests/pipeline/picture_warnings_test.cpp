#include "pipeline/picture_warnings.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

TEST(PictureWarnings, SayEachThingOnceWithTheFirstFewNames) {
  PictureWarnings warnings;
  EXPECT_EQ(warnings.Text(), "");
  for (int i = 1; i <= 8; ++i) warnings.Add("no face was found", std::to_string(i) + ".png");
  warnings.Add("other.png is cut off", "other.png");
  EXPECT_EQ(warnings.Text(),
            "no face was found (1.png, 2.png, 3.png, 4.png, 5.png and 3 more); other.png is cut off");
}

TEST(PictureWarnings, TakeSentencesThatDifferInNumbersAloneForOne) {
  PictureWarnings warnings;
  warnings.Add("not very like (0.46)", "a.png");
  warnings.Add("not very like (0.483)", "b.png");
  warnings.Add("quite like (0.3)", "b.png");
  EXPECT_EQ(warnings.Text(), "not very like (0.46) (a.png, b.png); quite like (0.3) (b.png)");
}

TEST(PictureWarnings, NameAPictureOnceHoweverOftenItIsMeant) {
  PictureWarnings warnings;
  warnings.Add("turned away", "a.png");
  warnings.Add("turned away", "a.png");
  warnings.Add("a.png is damaged", "a.png", "damaged");
  warnings.Add("b.png is damaged", "b.png", "damaged");
  EXPECT_EQ(warnings.Text(), "turned away (a.png); a.png is damaged (a.png, b.png)");
}

}  // namespace
}  // namespace reelswap
