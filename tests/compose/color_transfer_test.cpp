#include "compose/color_transfer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace reelswap {
namespace {

const std::vector<ColorMode> kModes = {ColorMode::kAverage, ColorMode::kReinhard, ColorMode::kHistogram};

cv::Mat Noise(int low, int high, uint64_t seed) {
  cv::Mat noise(40, 40, CV_8UC3);
  cv::RNG rng(seed);
  rng.fill(noise, cv::RNG::UNIFORM, low, high);
  return noise;
}

cv::Mat Flat(int blue, int green, int red) { return {40, 40, CV_8UC3, cv::Scalar(blue, green, red)}; }

const cv::Mat kEverywhere(40, 40, CV_8UC1, cv::Scalar(255));

cv::Mat Matched(ColorMode mode, const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight = kEverywhere) {
  return ApplyColor(swapped, MeasureColor(mode, original, swapped, weight));
}

// The level whose light is the mean of the picture's light (2.2 is near enough to sRGB's curve).
cv::Scalar MeanLight(const cv::Mat& picture) {
  cv::Mat light;
  picture.convertTo(light, CV_32F, 1.0 / 255);
  cv::pow(light, 2.2, light);
  cv::Scalar mean = cv::mean(light);
  for (int c = 0; c < 3; ++c) mean[c] = 255 * std::pow(mean[c], 1 / 2.2);
  return mean;
}

double Farthest(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

TEST(MeasureColor, TurnsOneFlatColourIntoTheOther) {
  const cv::Mat from = Flat(60, 100, 140), to = Flat(130, 120, 200);
  EXPECT_LE(Farthest(Matched(ColorMode::kAverage, to, from), to), 1);  // a level of rounding
  EXPECT_LE(Farthest(Matched(ColorMode::kReinhard, to, from), to), 2);
  EXPECT_LE(Farthest(Matched(ColorMode::kHistogram, to, from), to), 3);  // knots lie 8 levels apart, smoothed
}

TEST(MeasureColor, ChangesNothingBetweenEqualPictures) {
  const cv::Mat picture = Noise(20, 230, 1);
  for (const ColorMode mode : kModes) EXPECT_LE(Farthest(Matched(mode, picture, picture), picture), 2) << int(mode);
}

TEST(MeasureColor, MeetsTheMeanInEveryMode) {
  // Gray noise tinted: the channels go together, as in skin.
  cv::Mat original, swapped;
  const auto tinted = [](cv::Mat gray, cv::Scalar tint) {
    cv::Mat one, three;
    cv::extractChannel(gray, one, 0);
    cv::merge(std::vector<cv::Mat>{one, one, one}, three);
    return cv::Mat(three + tint);
  };
  original = tinted(Noise(90, 151, 2), {0, 20, 60});
  swapped = tinted(Noise(60, 161, 3), {50, 10, 0});
  for (const ColorMode mode : kModes) {
    const cv::Scalar want = MeanLight(original), have = MeanLight(Matched(mode, original, swapped));
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(have[c], want[c], 3) << int(mode) << " " << c;  // levels
  }
}

TEST(MeasureColor, DarkensAsLessLightWould) {
  // Half the light is 188 of 255 in sRGB's curve: the same surface at half the light must come out exactly so.
  const auto lit = [](double light) {
    return cv::saturate_cast<uchar>(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055));
  };
  cv::Mat bright(40, 40, CV_8UC3), dim(40, 40, CV_8UC3);
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 40; ++x) {
      const double surface = 0.1 + 0.8 * ((x * 7 + y * 13) % 40) / 40.0;
      bright.at<cv::Vec3b>(y, x) = cv::Vec3b::all(lit(surface));
      dim.at<cv::Vec3b>(y, x) = cv::Vec3b::all(lit(surface / 2));
    }
  }
  EXPECT_LE(Farthest(Matched(ColorMode::kAverage, dim, bright), dim), 2);
  EXPECT_LE(Farthest(Matched(ColorMode::kAverage, bright, dim), bright), 3);
}

TEST(MeasureColor, ReinhardAndHistogramTakeOnTheSpread) {
  const cv::Mat wide = Noise(60, 200, 4), narrow = Noise(110, 150, 5);
  const auto spread = [](const cv::Mat& m) {
    cv::Scalar mean, deviation;
    cv::meanStdDev(m, mean, deviation);
    return deviation[1];
  };
  EXPECT_LT(spread(Matched(ColorMode::kAverage, wide, narrow)), 1.3 * spread(narrow));  // a tenth, bent by the curve
  EXPECT_GT(spread(Matched(ColorMode::kReinhard, wide, narrow)), 1.4 * spread(narrow));
  EXPECT_GT(spread(Matched(ColorMode::kHistogram, wide, narrow)), 1.8 * spread(narrow));
}

TEST(MeasureColor, DoesNotBlowUpTheNoiseOfAFlatPicture) {
  const cv::Mat flat = Noise(126, 131, 6);
  for (const ColorMode mode : kModes) {
    cv::Scalar mean, deviation;
    cv::meanStdDev(Matched(mode, Noise(0, 256, 5), flat), mean, deviation);
    for (int c = 0; c < 3; ++c) EXPECT_LE(deviation[c], 5) << int(mode);  // levels; 1.4 before
  }
}

TEST(MeasureColor, HistogramCurvesNeverTurnBack) {
  const FaceColor color = MeasureColor(ColorMode::kHistogram, Noise(0, 90, 7), Noise(140, 256, 8), kEverywhere);
  ASSERT_EQ(color.values.size(), 1u + 3 * 33);
  for (size_t i = 0; i < 3 * 33; ++i) {
    if (i % 33 > 0) {
      EXPECT_GE(color.values[1 + i], color.values[i]);
    }
  }
}

TEST(MeasureColor, LooksOnlyWhereTheWeightIs) {
  cv::Mat to = Flat(100, 100, 100);
  to.colRange(0, 20).setTo(cv::Scalar(255, 0, 255));
  cv::Mat weight = kEverywhere.clone();
  weight.colRange(0, 20).setTo(0);
  for (const ColorMode mode : kModes) {
    EXPECT_LE(Farthest(Matched(mode, to, Flat(80, 80, 80), weight), Flat(100, 100, 100)), 3) << int(mode);
  }
}

TEST(MeasureColor, FadesToNothingWithTheWeight) {
  const cv::Mat from = Flat(80, 80, 80), to = Flat(120, 120, 120);
  for (const ColorMode mode : kModes) {
    cv::Mat weight = cv::Mat::zeros(40, 40, CV_8UC1);
    EXPECT_LE(Farthest(Matched(mode, to, from, weight), from), 1);
    weight(cv::Rect(0, 0, 32, 1)).setTo(255);  // 2 % of the samples: half the trust
    const double half = cv::mean(Matched(mode, to, from, weight))[0];
    EXPECT_GT(half, 88) << int(mode);
    EXPECT_LT(half, 112) << int(mode);
  }
}

TEST(MeasureColor, SurvivesBlackAndWhite) {
  for (const ColorMode mode : kModes) {
    for (const int from : {0, 255}) {
      for (const int to : {0, 255}) {
        const cv::Mat out = Matched(mode, Flat(to, to, to), Flat(from, from, from));
        EXPECT_EQ(out.type(), CV_8UC3);
        if (from == to) {
          EXPECT_LE(Farthest(out, Flat(to, to, to)), 8) << int(mode) << " " << from;
        }
      }
    }
  }
}

TEST(MeasureColor, RefusesPicturesThatDoNotFit) {
  const cv::Mat picture = Flat(1, 2, 3);
  EXPECT_THROW(MeasureColor(ColorMode::kAverage, picture, cv::Mat(39, 40, CV_8UC3), kEverywhere), std::invalid_argument);
  EXPECT_THROW(MeasureColor(ColorMode::kAverage, picture, picture, cv::Mat(40, 40, CV_32F)), std::invalid_argument);
  EXPECT_THROW(ApplyColor(cv::Mat(4, 4, CV_8UC1), {}), std::invalid_argument);
  EXPECT_THROW(ApplyColor(picture, {ColorMode::kHistogram, {0, 1, 2}}), std::invalid_argument);
}

TEST(MeanColor, LiesBetweenItsParts) {
  const cv::Mat from = Flat(90, 90, 90);
  for (const ColorMode mode : kModes) {
    const FaceColor dark = MeasureColor(mode, Flat(60, 60, 60), from, kEverywhere);
    const FaceColor light = MeasureColor(mode, Flat(140, 140, 140), from, kEverywhere);
    const double even = ApplyColor(from, MeanColor({dark, light}, {1, 1})).at<cv::Vec3b>(0, 0)[0];
    const double mostly_dark = ApplyColor(from, MeanColor({dark, light}, {3, 1})).at<cv::Vec3b>(0, 0)[0];
    EXPECT_GT(even, 80) << int(mode);
    EXPECT_LT(even, 120) << int(mode);
    EXPECT_LT(mostly_dark, even) << int(mode);
    EXPECT_GT(mostly_dark, 60) << int(mode);
    EXPECT_EQ(MeanColor({dark}, {2.5f}), dark);
  }
}

TEST(MeanColor, RefusesMixturesAndNothing) {
  const FaceColor average{ColorMode::kAverage, {0, 1, 0, 0, 0}}, none{ColorMode::kNone, {0}};
  EXPECT_THROW(MeanColor({}, {}), std::invalid_argument);
  EXPECT_THROW(MeanColor({average}, {1, 1}), std::invalid_argument);
  EXPECT_THROW(MeanColor({average, none}, {1, 1}), std::invalid_argument);
  EXPECT_THROW(MeanColor({average}, {0}), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
