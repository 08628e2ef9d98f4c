#include "model/loss_kernel.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/bf16.h"
#include "model/random_warp.h"
#include "model/speed_probe.h"

namespace reelswap {
namespace {

constexpr int kSide = 24;  // two scales: 5 x 5 windows of 8 px, 2 x 2 of 16
constexpr int kArea = kSide * kSide;
constexpr int kFaces = 3;

/// Arrays of a side filled with seeded noise: pictures that look alike enough for a similarity between 0 and 1.
struct Noise {
  explicit Noise(int channels, bool with_masks, bool with_weights) : channels(channels) {
    SampleRandom random(7, 0, 0, 0);
    for (int i = 0; i < kFaces * kArea; ++i) {
      for (int c = 0; c < 3; ++c) {
        const double value = random.Uniform(0.1, 0.9);
        targets.push_back(static_cast<uint8_t>(255 * value));
        logits.push_back(static_cast<float>(std::log(value / (1 - value)) + random.Uniform(-0.5, 0.5)));
      }
      if (channels == 4) logits.push_back(static_cast<float>(random.Uniform(-2, 2)));
      if (with_masks) masks.push_back(static_cast<uint8_t>(random.Next() % 4 == 0 ? 0 : random.Next() % 256));
    }
    for (int i = 0; with_weights && i < kArea; ++i) weights.push_back(static_cast<float>(random.Uniform(0.2, 2)));
  }

  LossSide Side(double dssim, bool masked) const {
    LossSide side;
    side.faces = kFaces;
    side.side = kSide;
    side.channels = channels;
    side.logits32 = logits.data();
    side.targets = targets.data();
    side.masks = masks.empty() ? nullptr : masks.data();
    side.weights = weights.empty() ? nullptr : weights.data();
    side.dssim_weight = dssim;
    side.masked_loss = masked;
    return side;
  }

  int channels;
  std::vector<float> logits, weights;
  std::vector<uint8_t> targets, masks;
};

struct Total {
  double loss = 0, error = 0;
  std::vector<float> gradient;
};

Total Measure(const LossSide& side) {
  Total total;
  total.gradient.resize(static_cast<size_t>(side.faces) * kArea * side.channels);
  const LossDivisors divisors = MeasureDivisors(side);
  for (int64_t i = 0; i < side.faces; ++i) {
    const FaceLoss face = MeasureFace(side, divisors, i, total.gradient.data(), nullptr);
    total.loss += face.loss;
    total.error += face.error;
  }
  return total;
}

/// The loss as its definition reads, in double and without any shortcut.
double PlainLoss(const LossSide& s) {
  const auto output = [&](int64_t face, int pixel, int c) {
    return 1.0 / (1.0 + std::exp(-static_cast<double>(s.logits32[(face * kArea + pixel) * s.channels + c])));
  };
  const auto target = [&](int64_t face, int pixel, int c) { return s.targets[(face * kArea + pixel) * 3 + c] / 255.0; };
  const auto weight = [&](int64_t face, int pixel) {
    const double mask = s.masked_loss && s.masks != nullptr ? s.masks[face * kArea + pixel] / 255.0 : 1.0;
    return (s.weights != nullptr ? s.weights[pixel] : 1.0) * mask;
  };
  double absolute = 0, weights = 0, own_mask = 0, similar[2] = {0, 0}, window_weights[2] = {0, 0};
  for (int64_t face = 0; face < s.faces; ++face) {
    for (int p = 0; p < kArea; ++p) {
      weights += weight(face, p);
      for (int c = 0; c < 3; ++c) absolute += weight(face, p) * std::abs(output(face, p, c) - target(face, p, c));
      if (s.channels == 4 && s.masks != nullptr) {
        own_mask += std::pow(output(face, p, 3) - s.masks[face * kArea + p] / 255.0, 2);
      }
    }
    for (int scale = 0; scale < 2; ++scale) {
      const int window = 8 << scale, area = window * window;
      for (int top = 0; top + window <= kSide; top += window / 2) {
        for (int left = 0; left + window <= kSide; left += window / 2) {
          double window_weight = 0;
          for (int c = 0; c < 3; ++c) {
            double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
            window_weight = 0;
            for (int i = 0; i < area; ++i) {
              const int pixel = (top + i / window) * kSide + left + i % window;
              const double y = target(face, pixel, c);
              const double inside = s.masked_loss && s.masks != nullptr ? s.masks[face * kArea + pixel] / 255.0 : 1.0;
              const double x = y + inside * (output(face, pixel, c) - y);  // outside the mask all is taken as right
              mx += x / area, my += y / area, xx += x * x / area, yy += y * y / area, xy += x * y / area;
              window_weight += weight(face, pixel) / area;
            }
            const double c1 = 1e-4, c2 = 9e-4;
            similar[scale] += window_weight * (2 * mx * my + c1) * (2 * (xy - mx * my) + c2) /
                              ((mx * mx + my * my + c1) * (xx - mx * mx + yy - my * my + c2));
          }
          window_weights[scale] += window_weight;
        }
      }
    }
  }
  return absolute / (3 * weights) + s.dssim_weight * 0.5 * (1 - (similar[0] / window_weights[0] + similar[1] / window_weights[1]) / 6) +
         kMaskShare * own_mask / (s.faces * kArea);
}

struct Case {
  int channels;
  bool masks, weights, masked;
  double dssim;
};

class LossKernelCases : public ::testing::TestWithParam<Case> {};

TEST_P(LossKernelCases, GivesTheLossOfItsDefinition) {
  const Case c = GetParam();
  const Noise noise(c.channels, c.masks, c.weights);
  const LossSide side = noise.Side(c.dssim, c.masked);
  EXPECT_NEAR(Measure(side).loss, PlainLoss(side), 2e-6);  // fp32 sums of some hundred values below 1
}

TEST_P(LossKernelCases, GivesTheSlopeOfThatLoss) {
  const Case c = GetParam();
  Noise noise(c.channels, c.masks, c.weights);
  const LossSide side = noise.Side(c.dssim, c.masked);
  const std::vector<float> gradient = Measure(side).gradient;
  constexpr float kStep = 1e-3f;
  double largest = 0;
  for (size_t i = 0; i < gradient.size(); i += 23) {
    const float before = noise.logits[i];
    const size_t pixel = i / static_cast<size_t>(c.channels), channel = i % static_cast<size_t>(c.channels);
    // Where the absolute error has its kink between the two points (|x - y| < kStep / 4) there is no slope.
    const double output = 1.0 / (1.0 + std::exp(-static_cast<double>(before)));
    if (channel < 3 && std::abs(output - noise.targets[pixel * 3 + channel] / 255.0) < kStep / 2) continue;
    noise.logits[i] = before + kStep;
    const double above = PlainLoss(side);
    noise.logits[i] = before - kStep;
    const double below = PlainLoss(side);
    noise.logits[i] = before;
    const double slope = (above - below) / (2.0 * kStep);
    largest = std::max(largest, std::abs(slope));
    EXPECT_NEAR(gradient[i], slope, 5e-7) << "logit " << i;
  }
  EXPECT_GT(largest, 2e-5);  // the tolerance is far below what is compared
}

INSTANTIATE_TEST_SUITE_P(Sides, LossKernelCases,
                         ::testing::Values(Case{3, false, false, false, 0}, Case{3, false, false, false, 0.5},
                                           Case{3, false, true, false, 0.5}, Case{3, true, true, true, 0.5},
                                           Case{3, true, false, false, 0.5}, Case{4, true, true, true, 0.5},
                                           Case{4, true, false, false, 1.0}, Case{4, false, true, false, 0.5}));

TEST(LossKernel, RoundsItsGradientToBf16) {
  const Noise noise(3, false, true);
  LossSide side = noise.Side(0.5, false);
  std::vector<uint16_t> logits16;
  std::vector<float> rounded;
  for (const float value : noise.logits) {
    logits16.push_back(ToBf16(value));
    rounded.push_back(FromBf16(logits16.back()));
  }
  side.logits32 = rounded.data();
  const Total exact = Measure(side);
  side.logits32 = nullptr;
  side.logits16 = logits16.data();
  const LossDivisors divisors = MeasureDivisors(side);
  std::vector<uint16_t> gradient(exact.gradient.size());
  double loss = 0;
  for (int64_t i = 0; i < kFaces; ++i) loss += MeasureFace(side, divisors, i, nullptr, gradient.data()).loss;
  EXPECT_NEAR(loss, exact.loss, 1e-7);
  for (size_t i = 0; i < gradient.size(); ++i) {
    EXPECT_NEAR(FromBf16(gradient[i]), exact.gradient[i], std::abs(exact.gradient[i]) / 256) << i;  // 8 bits
  }
}

TEST(LossKernel, GivesNoGradientOutsideTheMask) {
  Noise noise(3, true, true);
  for (size_t i = 0; i < noise.masks.size(); ++i) noise.masks[i] = i % kArea < kArea / 2 ? 255 : 0;
  const std::vector<float> gradient = Measure(noise.Side(0.5, true)).gradient;
  for (size_t i = 0; i < gradient.size(); ++i) {
    if (noise.masks[i / 3] == 0) {
      EXPECT_EQ(gradient[i], 0.0f) << i;
    }
  }
}

TEST(LossKernel, StaysFiniteForFlatPicturesAndExtremeLogits) {
  Noise noise(3, true, true);
  std::fill(noise.targets.begin(), noise.targets.end(), uint8_t{0});
  std::fill(noise.masks.begin(), noise.masks.end(), uint8_t{0});
  for (size_t i = 0; i < noise.logits.size(); ++i) noise.logits[i] = i % 2 == 0 ? 1e6f : -1e6f;
  for (const bool masked : {false, true}) {
    const Total total = Measure(noise.Side(0.5, masked));
    EXPECT_TRUE(std::isfinite(total.loss));
    for (const float slope : total.gradient) EXPECT_TRUE(std::isfinite(slope));
  }
}

TEST(LossKernel, AgreesWithTheOperationsOfOtherDevices) {
  for (const int channels : {3, 4}) {
    for (const bool masked : {false, true}) {
      const LossAgreement both = CompareLosses(64, channels, masked);
      EXPECT_NEAR(both.fused, both.by_operations, 1e-5) << channels << masked;
      EXPECT_LT(both.gradient_difference, 0.01 * both.largest_slope) << channels << masked;
    }
  }
}

TEST(CodeDistance, GrowsWithTheDistanceOfThePeopleInUnitsOfTheirSpread) {
  // Both means are half a shift from the middle: (shift / 2)^2, and what the noise of means over 64 faces adds.
  EXPECT_NEAR(DistanceOfShiftedCodes(64, 0), 0, 0.02);
  EXPECT_NEAR(DistanceOfShiftedCodes(64, 2), 1, 0.05);
  EXPECT_NEAR(DistanceOfShiftedCodes(64, 4), 4, 0.2);
}

TEST(LossKernel, SaysWhichSidesItTakes) {
  EXPECT_TRUE(FusedLossFits(8));
  EXPECT_TRUE(FusedLossFits(128));
  EXPECT_FALSE(FusedLossFits(4));
  EXPECT_FALSE(FusedLossFits(30));
  EXPECT_EQ(SimilarityScales(12), 1);
  EXPECT_EQ(SimilarityScales(24), 2);
  EXPECT_EQ(SimilarityScales(64), 3);
  EXPECT_EQ(SimilarityScales(128), 3);
}

}  // namespace
}  // namespace reelswap
