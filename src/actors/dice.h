#pragma once

#include <cstdint>
#include <random>

namespace reelswap {

/// Uniform random numbers whose sequence is the same with every standard library.
class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  float Between(float low, float high) {
    return low + (high - low) * static_cast<float>(engine_() >> 8) / 16777216.f;
  }
  bool Chance(float probability) { return Between(0, 1) < probability; }
  /// Of 0 .. count - 1.
  int Below(int count) { return static_cast<int>(Between(0, static_cast<float>(count))); }

 private:
  std::mt19937 engine_;
};

}  // namespace reelswap
