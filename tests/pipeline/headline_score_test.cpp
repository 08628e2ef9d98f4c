#include "pipeline/headline_score.h"

#include <gtest/gtest.h>

#include <cmath>

namespace reelswap {
namespace {

constexpr double kExact = 1e-12;  // the same arithmetic in another order

TEST(HeadlineScore, NothingMeasuredIsNoScore) {
  EXPECT_FALSE(HeadlineScore({}).has_value());
  ScoreParts no_unit;
  no_unit.identity_margin = 0.2;  // without a gallery distance it means nothing
  EXPECT_FALSE(HeadlineScore(no_unit).has_value());
}

TEST(HeadlineScore, TheTruthDecidesAloneAndMayBeBelowDoingNothing) {
  ScoreParts parts;
  parts.reconstruction = 0.9;
  parts.truth_quality = -0.3;
  EXPECT_DOUBLE_EQ(*HeadlineScore(parts), -0.3);
}

TEST(HeadlineScore, PerfectPartsGiveOne) {
  ScoreParts parts;
  parts.reconstruction = 1;
  parts.identity_margin = 0.6;
  parts.gallery_distance = 0.6;
  parts.expression_error = 0;
  EXPECT_NEAR(*HeadlineScore(parts), 1, kExact);
}

TEST(HeadlineScore, IsTheWeightedGeometricMean) {
  ScoreParts parts;
  parts.reconstruction = 0.64;
  parts.identity_margin = 0.0;
  parts.gallery_distance = 0.6;
  parts.expression_error = 12.5;
  EXPECT_NEAR(*HeadlineScore(parts), std::sqrt(0.64) * std::pow(0.5, 0.25) * std::pow(0.5, 0.25), kExact);
}

TEST(HeadlineScore, WhatIsMissingLeavesItsWeightToTheOthers) {
  ScoreParts parts;
  parts.reconstruction = 0.7;
  EXPECT_NEAR(*HeadlineScore(parts), 0.7, kExact);
  parts.expression_error = 12.5;
  EXPECT_NEAR(*HeadlineScore(parts), std::pow(0.7, 2.0 / 3) * std::pow(0.5, 1.0 / 3), kExact);
}

TEST(HeadlineScore, EveryPartRaisesIt) {
  ScoreParts parts;
  parts.reconstruction = 0.6;
  parts.identity_margin = 0.1;
  parts.gallery_distance = 0.6;
  parts.expression_error = 8;
  const double before = *HeadlineScore(parts);
  ScoreParts sharper = parts, nearer = parts, livelier = parts;
  sharper.reconstruction = 0.65;
  nearer.identity_margin = 0.2;
  livelier.expression_error = 6;
  for (const ScoreParts& better : {sharper, nearer, livelier}) EXPECT_GT(*HeadlineScore(better), before);
}

TEST(HeadlineScore, AFaceThatStayedTheReplacedPersonsOrLostItsExpressionIsWorthNothing) {
  ScoreParts parts;
  parts.reconstruction = 0.9;
  parts.identity_margin = -0.7;
  parts.gallery_distance = 0.6;
  EXPECT_EQ(*HeadlineScore(parts), 0);
  parts.identity_margin = 0.3;
  parts.expression_error = 40;
  EXPECT_EQ(*HeadlineScore(parts), 0);
}

}  // namespace
}  // namespace reelswap
