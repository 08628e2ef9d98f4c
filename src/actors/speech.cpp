#include "actors/speech.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "actors/geometry.h"
#include "fmt/format.h"

namespace reelswap {
namespace {

// Formants of a man's voice after Peterson and Barney (1952), rounded; openness and rounding by ear.
constexpr Vowel kVowels[] = {
    {{730, 1090, 2440}, 1.00f, 0.00f},  // a as in father
    {{660, 1720, 2410}, 0.85f, 0.00f},  // a as in hat
    {{530, 1840, 2480}, 0.70f, 0.00f},  // e
    {{390, 1990, 2550}, 0.50f, 0.00f},  // i as in hit
    {{570, 840, 2410}, 0.80f, 0.45f},   // aw
    {{440, 1020, 2240}, 0.50f, 0.70f},  // u as in hood
};
/// Looking up a moment walks through the script, so clips of more than an hour would crawl.
constexpr double kLongestSeconds = 3600;

constexpr int kVowelCount = static_cast<int>(std::size(kVowels));

/// Rises over the first 35 % of a syllable and falls after 55 % of it; 0 outside, smooth.
float SyllableShape(const SpeechScript::Syllable& syllable, double seconds) {
  const float t = (static_cast<float>(seconds) - syllable.start) / syllable.duration;
  if (t <= 0 || t >= 1) return 0;
  return SmoothStep(0, .35f, t) * SmoothStep(1, .55f, t);
}

/// Two-pole resonator with unit gain at 0 Hz (Klatt 1980).
class Resonator {
 public:
  void Tune(float hertz, float bandwidth, float sample_rate) {
    const float r = std::exp(-kPi * bandwidth / sample_rate);
    c_ = -r * r;
    b_ = 2 * r * std::cos(2 * kPi * hertz / sample_rate);
    a_ = 1 - b_ - c_;
  }
  float operator()(float in) {
    const float out = a_ * in + b_ * last_ + c_ * before_;
    before_ = last_;
    return last_ = out;
  }

 private:
  float a_ = 1, b_ = 0, c_ = 0, last_ = 0, before_ = 0;
};

/// Airflow through the vocal folds over one period, phase 0 .. 1 (shape after Rosenberg 1971).
float GlottalFlow(float phase) {
  if (phase < .4f) return .5f * (1 - std::cos(kPi * phase / .4f));
  if (phase < .56f) return std::cos(kPi / 2 * (phase - .4f) / .16f);
  return 0;
}

class Voice {
 public:
  Voice(uint32_t seed, int sample_rate, float pitch_hz)
      : dice_(seed ^ 0x51eec4u), rate_(static_cast<float>(sample_rate)), pitch_(pitch_hz) {}

  /// The next sample while `syllable` sounds at strength `level`; `consonant`: 0 .. 1.
  float Next(const SpeechScript::Syllable& syllable, float level, float consonant) {
    if (countdown_-- == 0) Retune(syllable);
    phase_ += pitch_now_ / rate_;
    if (phase_ >= 1) {
      phase_ -= 1;
      pitch_now_ = pitch_ * syllable.pitch * dice_.Between(.985f, 1.015f);  // jitter
    }
    const float flow = GlottalFlow(phase_);
    const float pulse = (flow - last_flow_) * rate_ / 1000;  // lips radiate the derivative
    last_flow_ = flow;
    const float breath = dice_.Between(-1, 1);
    float sound = level * (pulse + .03f * breath);
    for (Resonator& resonator : throat_) sound = resonator(sound);
    return sound + .5f * hiss_(consonant * syllable.hiss * breath);
  }

 private:
  static constexpr int kRetuneEvery = 32;  // samples: formants glide without steps one could hear

  void Retune(const SpeechScript::Syllable& syllable) {
    countdown_ = kRetuneEvery;
    constexpr float kBandwidth[3] = {80, 100, 140};
    const float glide = 1 - std::exp(-kRetuneEvery / (.02f * rate_));  // 20 ms
    const float size = .85f + .15f * pitch_ / 110;                     // higher voices have shorter throats
    for (int i = 0; i < 3; ++i) {
      const float wanted = std::min(syllable.vowel.formants[i] * size, .45f * rate_);
      formants_[i] += (wanted - formants_[i]) * glide;
      throat_[i].Tune(formants_[i], kBandwidth[i], rate_);
    }
    hiss_.Tune(std::min(3500.f, .4f * rate_), 1500, rate_);
  }

  Dice dice_;
  float rate_, pitch_;
  float pitch_now_ = 0, phase_ = 1, last_flow_ = 0;
  int countdown_ = 0;
  float formants_[3] = {500, 1500, 2500};
  Resonator throat_[3], hiss_;
};

}  // namespace

SpeechScript::SpeechScript(uint32_t seed, double seconds) {
  if (!(seconds >= 0 && seconds <= kLongestSeconds)) {
    throw std::invalid_argument(
        fmt::format("a script lasts 0 to {} seconds, not {}", kLongestSeconds, seconds));
  }
  Dice dice(seed * 2246822519u + 3);
  float time = dice.Between(.2f, .5f);
  while (time < seconds) {
    AddPhrase(dice, time, seconds);
    time += dice.Between(.35f, .9f);
  }
}

/// People speak four to six syllables a second in phrases of about one to two seconds.
void SpeechScript::AddPhrase(Dice& dice, float& time, double seconds) {
  const int count = 4 + dice.Below(6);
  for (int i = 0; i < count; ++i) {
    Syllable syllable;
    syllable.start = time;
    syllable.duration = dice.Between(.17f, .27f) * (i + 1 == count ? 1.4f : 1);
    syllable.loudness = dice.Between(.7f, 1);
    syllable.vowel = kVowels[dice.Below(kVowelCount)];
    syllable.hiss = dice.Chance(.45f) ? dice.Between(.3f, 1) : 0;
    const float through = static_cast<float>(i) / static_cast<float>(count);
    syllable.pitch = dice.Between(1.0f, 1.12f) * (1.1f - .22f * through);  // falls in a phrase
    if (syllable.start + syllable.duration > seconds) return;
    syllables_.push_back(syllable);
    time += syllable.duration * dice.Between(.85f, 1.f);  // the next one begins in its fading
  }
}

float SpeechScript::Envelope(double seconds) const {
  float level = 0;
  for (const Syllable& syllable : syllables_) {
    level += syllable.loudness * SyllableShape(syllable, seconds);
  }
  return std::min(1.f, level);
}

float SpeechScript::JawOpen(double seconds) const {
  float open = 0;
  for (const Syllable& syllable : syllables_) {
    open += syllable.vowel.jaw_open * syllable.loudness * SyllableShape(syllable, seconds);
  }
  return std::min(1.f, open);
}

float SpeechScript::Pucker(double seconds) const {
  float pucker = 0;
  for (const Syllable& syllable : syllables_) {
    pucker += syllable.vowel.pucker * SyllableShape(syllable, seconds);
  }
  return std::min(1.f, pucker);
}

std::vector<float> SpeechLikeAudio(uint32_t seed, double seconds, int sample_rate, float pitch_hz) {
  if (sample_rate < 8000 || sample_rate > 192000 || !(pitch_hz >= 50 && pitch_hz <= 500)) {
    throw std::invalid_argument(
        fmt::format("no voice of {} Hz at {} samples a second (50 to 500 Hz, 8000 to 192000 samples)",
                    pitch_hz, sample_rate));
  }
  const SpeechScript script(seed, seconds);
  Voice voice(seed, sample_rate, pitch_hz);
  std::vector<float> audio(static_cast<size_t>(std::llround(seconds * sample_rate)));
  const auto& syllables = script.syllables();
  if (syllables.empty()) return audio;
  size_t now = 0;
  float peak = 0;
  for (size_t i = 0; i < audio.size(); ++i) {
    const auto time = static_cast<float>(static_cast<double>(i) / sample_rate);
    while (now + 1 < syllables.size() && syllables[now + 1].start <= time) ++now;
    float level = syllables[now].loudness * SyllableShape(syllables[now], time);
    if (now > 0) level += syllables[now - 1].loudness * SyllableShape(syllables[now - 1], time);
    // Consonants are short: the first 60 ms, gone before the vowel is full.
    const float since = time - syllables[now].start;
    const float consonant = SmoothStep(0, .015f, since) * SmoothStep(.06f, .03f, since);
    audio[i] = voice.Next(syllables[now], std::min(1.f, level), consonant);
    peak = std::max(peak, std::fabs(audio[i]));
  }
  for (float& sample : audio) sample *= peak > 0 ? .7f / peak : 0;
  return audio;
}

}  // namespace reelswap
