#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

// Small vectors and shaping functions of the renderer. Private to src/actors.

namespace reelswap {

inline constexpr float kPi = std::numbers::pi_v<float>;
inline constexpr float kRadiansPerDegree = kPi / 180;

struct Vec2 {
  float x = 0, y = 0;
};

/// A point or direction (cm; x to the picture's right, y up, z towards the camera), or a linear
/// RGB colour (x red, y green, z blue).
struct Vec3 {
  float x = 0, y = 0, z = 0;
  bool operator==(const Vec3&) const = default;
};

inline Vec2 operator+(Vec2 a, Vec2 b) { return {a.x + b.x, a.y + b.y}; }
inline Vec2 operator*(Vec2 a, float s) { return {a.x * s, a.y * s}; }
inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator-(Vec3 a) { return {-a.x, -a.y, -a.z}; }
inline Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline Vec3& operator+=(Vec3& a, Vec3 b) { return a = a + b; }
inline float Dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 Cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
/// Unit vector; +z where `a` has no length.
inline Vec3 Normalized(Vec3 a) {
  const float length = std::sqrt(Dot(a, a));
  return length > 1e-12f ? a * (1 / length) : Vec3{0, 0, 1};
}

inline float Squared(float x) { return x * x; }
inline float Clamp01(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
inline float Mix(float a, float b, float t) { return a + (b - a) * t; }
inline Vec3 Mix(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }

/// Hermite step: 0 at `from`, 1 at `to`; `from` > `to` gives a falling step.
inline float SmoothStep(float from, float to, float x) {
  const float t = Clamp01((x - from) / (to - from));
  return t * t * (3 - 2 * t);
}

/// Unnormalised 2-D Gaussian, cut to 0 where it is below 0.25 %.
inline float Bump(float x, float y, float sigma_x, float sigma_y) {
  const float q = Squared(x / sigma_x) + Squared(y / sigma_y);
  return q > 12 ? 0 : std::exp(-0.5f * q);
}

/// Bump along y alone.
inline float Band(float y, float sigma) { return Bump(0, y, 1, sigma); }

/// Maximum with a rounded seam of half width `k` (polynomial smooth maximum).
inline float SmoothMax(float a, float b, float k) {
  const float h = Clamp01(0.5f + 0.5f * (a - b) / k);
  return Mix(b, a, h) + k * h * (1 - h);
}

/// Where a point lies along a segment: distance to it, cm.
inline float DistanceToSegment(Vec2 p, Vec2 a, Vec2 b) {
  const float dx = b.x - a.x, dy = b.y - a.y;
  const float t = Clamp01(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy));
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// Rotation matrix by rows.
struct Mat3 {
  Vec3 row[3];
  Vec3 operator*(Vec3 v) const { return {Dot(row[0], v), Dot(row[1], v), Dot(row[2], v)}; }
  /// The inverse rotation of `v`.
  Vec3 Inverse(Vec3 v) const { return row[0] * v.x + row[1] * v.y + row[2] * v.z; }
  Mat3 operator*(const Mat3& b) const {
    Mat3 product;
    for (int i = 0; i < 3; ++i) {
      product.row[i] = b.row[0] * row[i].x + b.row[1] * row[i].y + b.row[2] * row[i].z;
    }
    return product;
  }
};

/// Yaw about y first, then pitch about x, then roll about z; degrees, signs of core's HeadPose.
inline Mat3 RotationFrom(float yaw, float pitch, float roll) {
  const float cy = std::cos(yaw * kRadiansPerDegree), sy = std::sin(yaw * kRadiansPerDegree);
  const float cp = std::cos(-pitch * kRadiansPerDegree), sp = std::sin(-pitch * kRadiansPerDegree);
  const float cr = std::cos(-roll * kRadiansPerDegree), sr = std::sin(-roll * kRadiansPerDegree);
  const Mat3 about_y{{{cy, 0, sy}, {0, 1, 0}, {-sy, 0, cy}}};
  const Mat3 about_x{{{1, 0, 0}, {0, cp, -sp}, {0, sp, cp}}};
  const Mat3 about_z{{{cr, -sr, 0}, {sr, cr, 0}, {0, 0, 1}}};
  return about_z * (about_x * about_y);
}

}  // namespace reelswap
