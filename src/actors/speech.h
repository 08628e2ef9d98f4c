#pragma once

#include <cstdint>
#include <vector>

#include "actors/dice.h"

namespace reelswap {

/// A vowel: what the mouth and the sound make of it.
struct Vowel {
  float formants[3];  ///< resonances of the throat and mouth, Hz
  float jaw_open;     ///< 0 .. 1 of Performance::jaw_open's speaking range
  float pucker;       ///< 0 .. 1
};

/// What one seed says: syllables in phrases with pauses, of no language. Mouth and sound are both
/// made from it, so they agree. Immutable; thread-safe.
class SpeechScript {
 public:
  struct Syllable {
    float start, duration;  ///< seconds
    float loudness;         ///< 0 .. 1
    Vowel vowel;
    float hiss;   ///< 0 .. 1: strength of the consonant before the vowel
    float pitch;  ///< against the voice's mean, factor
  };
  /// Throws std::invalid_argument unless 0 <= seconds <= 3600.
  SpeechScript(uint32_t seed, double seconds);

  const std::vector<Syllable>& syllables() const { return syllables_; }
  /// Loudness of the voice at a time: 0 silence .. 1. Continuous.
  float Envelope(double seconds) const;
  /// How far speech opens the jaw and rounds the lips, 0 .. 1. Continuous.
  float JawOpen(double seconds) const;
  float Pucker(double seconds) const;

 private:
  void AddPhrase(Dice& dice, float& time, double seconds);
  std::vector<Syllable> syllables_;
};

/// A synthetic voice saying SpeechScript(seed, seconds): glottal pulses through three formant
/// resonators, noise for consonants. Mono, in [-1, 1], peak 0.7 (silence where nothing is said),
/// round(seconds x sample_rate) samples. The same arguments give the same samples. Thread-safe.
/// `pitch_hz`: mean of the voice; 110 is low, 200 is high.
/// Throws std::invalid_argument unless 0 <= seconds <= 3600, 8000 <= sample_rate <= 192000 and 50 <= pitch_hz
/// <= 500.
std::vector<float> SpeechLikeAudio(uint32_t seed, double seconds, int sample_rate, float pitch_hz = 130);

}  // namespace reelswap
