#pragma once

#include <cstdint>

#include "actors/geometry.h"

// Repeatable noise, a pure function of position and seed. Private to src/actors.

namespace reelswap {

/// 32-bit integer hash (the two-multiply finaliser found by C. Wellons' prospector search).
inline uint32_t Hash(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  x ^= x >> 16;
  return x;
}

namespace noise_detail {
/// std::floor is a library call on plain x86-64; this is three instructions.
inline int Floor(float x) {
  const int truncated = static_cast<int>(x);
  return truncated - (x < static_cast<float>(truncated) ? 1 : 0);
}
inline uint32_t RowHash(int y, uint32_t seed) { return Hash(static_cast<uint32_t>(y) + seed * 19349663u); }
inline float CellOfRow(int x, uint32_t row_hash) {
  const uint32_t h = Hash(static_cast<uint32_t>(x) * 73856093u ^ row_hash);
  return static_cast<float>(h & 0xffffff) / 16777216.f;
}
}  // namespace noise_detail

/// Uniform in [0, 1), one number a lattice cell.
inline float CellRandom(int x, int y, uint32_t seed) {
  return noise_detail::CellOfRow(x, noise_detail::RowHash(y, seed));
}

/// Value noise in [-1, 1]; features are about one unit wide.
inline float Noise(float x, float y, uint32_t seed) {
  const int ix = noise_detail::Floor(x), iy = noise_detail::Floor(y);
  float fx = x - static_cast<float>(ix), fy = y - static_cast<float>(iy);
  fx = fx * fx * (3 - 2 * fx);
  fy = fy * fy * (3 - 2 * fy);
  const uint32_t low_row = noise_detail::RowHash(iy, seed);
  const uint32_t high_row = noise_detail::RowHash(iy + 1, seed);
  const float low = Mix(noise_detail::CellOfRow(ix, low_row), noise_detail::CellOfRow(ix + 1, low_row), fx);
  const float high =
      Mix(noise_detail::CellOfRow(ix, high_row), noise_detail::CellOfRow(ix + 1, high_row), fx);
  return Mix(low, high, fy) * 2 - 1;
}

/// Three octaves of Noise, in [-1, 1].
inline float FractalNoise(float x, float y, uint32_t seed) {
  return Noise(x, y, seed) * .55f + Noise(x * 2.1f, y * 2.1f, seed + 1) * .3f +
         Noise(x * 4.3f, y * 4.3f, seed + 2) * .15f;
}

}  // namespace reelswap
