#include "actors/speech.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "actors/scripted_performance.h"

namespace reelswap {
namespace {

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

double Rms(const std::vector<float>& audio, size_t first, size_t count) {
  double sum = 0;
  for (size_t i = first; i < first + count; ++i) sum += double{audio[i]} * audio[i];
  return std::sqrt(sum / static_cast<double>(count));
}

TEST(SpeechLikeAudio, LastsAsLongAsAskedAndStaysInRange) {
  const auto audio = SpeechLikeAudio(3, 4.0, 16000);
  ASSERT_EQ(audio.size(), 64000u);
  const auto [low, high] = std::minmax_element(audio.begin(), audio.end());
  EXPECT_GE(*low, -1);
  EXPECT_LE(*high, 1);
  EXPECT_NEAR(std::max(-*low, *high), 0.7, 1e-4);  // the documented peak
  EXPECT_GT(Rms(audio, 0, audio.size()), 0.02);    // of full scale: clearly audible
  const double mean = std::accumulate(audio.begin(), audio.end(), 0.0) / 64000;
  EXPECT_NEAR(mean, 0, 0.01);  // no constant offset worth hearing
}

TEST(SpeechLikeAudio, GrowsLoudWhenTheMouthOfTheSameScriptOpens) {
  constexpr int kRate = 16000, kWindow = kRate / 50;  // 20 ms
  for (const uint32_t seed : {1u, 11u, 12u, 13u}) {
    const double seconds = 6;
    const auto audio = SpeechLikeAudio(seed, seconds, kRate);
    const ScriptedPerformance script(seed, seconds);
    std::vector<double> loudness, jaw;
    for (size_t i = 0; i + kWindow <= audio.size(); i += kWindow) {
      loudness.push_back(Rms(audio, i, kWindow));
      jaw.push_back(script.At((static_cast<double>(i) + kWindow / 2.0) / kRate).jaw_open);
    }
    EXPECT_GT(Correlation(loudness, jaw), 0.7) << "seed " << seed;
  }
}

TEST(SpeechLikeAudio, IsQuietBetweenPhrases) {
  constexpr int kRate = 16000;
  const auto audio = SpeechLikeAudio(7, 8, kRate);
  const SpeechScript script(7, 8);
  int quiet_windows = 0;
  for (size_t k = 1; k < script.syllables().size(); ++k) {
    const auto& before = script.syllables()[k - 1];
    const float silence_from = before.start + before.duration + .1f;  // resonances have died
    const float silence_to = script.syllables()[k].start;
    if (silence_to - silence_from < .05f) continue;
    const auto first = static_cast<size_t>(silence_from * kRate);
    EXPECT_LT(Rms(audio, first, static_cast<size_t>((silence_to - silence_from) * kRate)), 1e-3);
    ++quiet_windows;
  }
  EXPECT_GE(quiet_windows, 2);
}

TEST(SpeechLikeAudio, SpeaksAtThePitchOfTheVoice) {
  constexpr int kRate = 16000;
  for (const float pitch : {110.f, 200.f}) {
    const auto audio = SpeechLikeAudio(5, 4, kRate, pitch);
    const SpeechScript script(5, 4);
    const auto& syllables = script.syllables();
    ASSERT_GT(syllables.size(), 1u);
    const auto middle = static_cast<size_t>((syllables[1].start + .45f * syllables[1].duration) * kRate);
    const float expected_lag = kRate / (pitch * syllables[1].pitch);
    int best_lag = 0;
    double best = 0;
    for (int lag = static_cast<int>(.6f * expected_lag); lag < 1.5f * expected_lag; ++lag) {
      double sum = 0;
      for (size_t i = middle - 400; i < middle + 400; ++i) sum += double{audio[i]} * audio[i + lag];
      if (sum > best) {
        best = sum;
        best_lag = lag;
      }
    }
    EXPECT_NEAR(best_lag, expected_lag, .06 * expected_lag) << pitch;  // jitter is +-1.5 %
  }
}

TEST(SpeechLikeAudio, IsTheSameForTheSameSeedAndOtherForAnother) {
  EXPECT_EQ(SpeechLikeAudio(4, 2, 8000), SpeechLikeAudio(4, 2, 8000));
  EXPECT_NE(SpeechLikeAudio(4, 2, 8000), SpeechLikeAudio(5, 2, 8000));
}

TEST(SpeechLikeAudio, HandlesNothingToSayAndRefusesNonsense) {
  EXPECT_TRUE(SpeechLikeAudio(1, 0, 16000).empty());
  for (const float sample : SpeechLikeAudio(1, .1, 16000)) EXPECT_EQ(sample, 0);
  EXPECT_THROW(SpeechLikeAudio(1, -1, 16000), std::invalid_argument);
  EXPECT_THROW(SpeechLikeAudio(1, INFINITY, 16000), std::invalid_argument);
  EXPECT_THROW(SpeechLikeAudio(1, NAN, 16000), std::invalid_argument);
  EXPECT_THROW(SpeechLikeAudio(1, 1, 100), std::invalid_argument);
  EXPECT_THROW(SpeechLikeAudio(1, 1, 16000, 0), std::invalid_argument);
}

TEST(SpeechScript, EndsBeforeTheClipAndPausesBetweenPhrases) {
  const SpeechScript script(2, 10);
  ASSERT_GT(script.syllables().size(), 15u);
  const auto& last = script.syllables().back();
  EXPECT_LE(last.start + last.duration, 10);
  EXPECT_EQ(script.Envelope(0), 0);
  EXPECT_EQ(script.Envelope(10), 0);
  int silent = 0;
  for (int i = 0; i < 1000; ++i) silent += script.Envelope(i / 100.0) == 0 ? 1 : 0;
  EXPECT_GT(silent, 100);  // of 1000 hundredths of a second
}

}  // namespace
}  // namespace reelswap
