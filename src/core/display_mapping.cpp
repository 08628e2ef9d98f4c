#include "core/display_mapping.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/row_loop.h"

namespace reelswap {
namespace {

constexpr double kReferenceWhite = 203;  // cd/m2, BT.2408
constexpr double kBrightest = 1000;      // cd/m2 that end at the screen's white; HLG's nominal peak
constexpr double kScreenGamma = 2.4;     // BT.1886
constexpr double kHlgGamma = 1.2;        // BT.2100 at 1000 cd/m2
constexpr float kKnee = 0.6f;            // of reference white: light skin in HDR stays below (BT.2408, 5.1)
constexpr float kGamutStart = 0.8f;      // of the distance from gray to BT.709's edge

constexpr int kChunk = 256;  // px whose light fits into the first-level cache
using Plane = float[kChunk];
struct Light {
  alignas(64) Plane b, g, r;
};

// BT.2100-2, table 4.
double PqFromLight(double cd_m2) {
  constexpr double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128;
  constexpr double c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
  const double y = std::pow(std::clamp(cd_m2 / 10000, 0.0, 1.0), m1);
  return std::pow((c1 + c2 * y) / (1 + c3 * y), m2);
}
double LightFromPq(double signal) {
  constexpr double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128;
  constexpr double c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
  const double e = std::pow(signal, 1 / m2);
  return 10000 * std::pow(std::max(e - c1, 0.0) / (c2 - c3 * e), 1 / m1);
}

// BT.2100-2, table 5: between the scene's light and the signal, both 0..1.
constexpr double kHlgA = 0.17883277, kHlgB = 1 - 4 * kHlgA;
const double kHlgC = 0.5 - kHlgA * std::log(4 * kHlgA);
double HlgFromScene(double scene) {
  const double e = std::clamp(scene, 0.0, 1.0);
  return e <= 1.0 / 12 ? std::sqrt(3 * e) : kHlgA * std::log(12 * e - kHlgB) + kHlgC;
}
double SceneFromHlg(double signal) {
  return signal <= 0.5 ? signal * signal / 3 : (std::exp((signal - kHlgC) / kHlgA) + kHlgB) / 12;
}

// Rows and columns red, green, blue. BT.2087-0 gives BT.2020 from BT.709; the other way is its inverse.
constexpr std::array<double, 9> k2020From709{0.6274, 0.3293, 0.0433, 0.0691, 0.9195, 0.0114, 0.0164, 0.0880, 0.8956};
struct Matrix {
  float rr, rg, rb, gr, gg, gb, br, bg, bb;
};
Matrix ToMatrix(const cv::Matx33d& m) {
  const auto at = [&](int row, int column) { return static_cast<float>(m(row, column)); };
  return {at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)};
}
const cv::Matx33d kWideFromNarrow(k2020From709.data());
const cv::Matx33d kNarrowFromWide = kWideFromNarrow.inv();
const Matrix kToWide = ToMatrix(kWideFromNarrow), kToNarrow = ToMatrix(kNarrowFromWide);

// t / (1 + bend t) has slope 1 at 0 and reaches 1 at t = 1 / (1 - bend).
double BendFor(double reaches_one_at) { return 1 - 1 / reaches_one_at; }
REELSWAP_ROW_INLINE float Bent(float t, float bend) { return t / (1 + bend * t); }
REELSWAP_ROW_INLINE float Straight(float s, float bend) { return s / (1 - bend * s); }

/// How far BT.2020's primaries and their mixtures lie from gray where BT.709's edge is 1, per component.
struct GamutBend {
  float b, g, r;
};
GamutBend MakeGamutBend() {
  std::array<double, 3> farthest{1, 1, 1};
  for (int corner = 1; corner < 7; ++corner) {
    const cv::Vec3d rgb = kNarrowFromWide * cv::Vec3d(corner & 1, (corner >> 1) & 1, (corner >> 2) & 1);
    const double largest = std::max({rgb[0], rgb[1], rgb[2]});
    for (int c = 0; c < 3; ++c) {
      auto& distance = farthest[static_cast<size_t>(c)];
      distance = std::max(distance, (largest - rgb[c]) / largest);
    }
  }
  const auto bend = [&](size_t c) {
    return static_cast<float>(BendFor((farthest[c] - kGamutStart) / (1 - kGamutStart)));
  };
  return {bend(2), bend(1), bend(0)};
}
const GamutBend kGamutBend = MakeGamutBend();

REELSWAP_ROW_INLINE void Multiply(Light& light, const Matrix m, int n) {
  for (int i = 0; i < n; ++i) {
    const float r = light.r[i], g = light.g[i], b = light.b[i];
    light.r[i] = m.rr * r + m.rg * g + m.rb * b;
    light.g[i] = m.gr * r + m.gg * g + m.gb * b;
    light.b[i] = m.br * r + m.bg * g + m.bb * b;
  }
}

REELSWAP_ROW_INLINE float Larger(float a, float b) { return a > b ? a : b; }
REELSWAP_ROW_INLINE float Smaller(float a, float b) { return a < b ? a : b; }
constexpr float kDark = 1e-9f;  // of reference white
/// x, or 0 below it. Exact; written so that the compiler makes no branch of it, which no vector has.
REELSWAP_ROW_INLINE float AboveZero(float x) { return 0.5f * (x + __builtin_fabsf(x)); }

REELSWAP_ROW_INLINE float Compressed(float distance, float bend) {
  const float beyond = AboveZero(distance - kGamutStart);
  return distance - beyond + (1 - kGamutStart) * Bent(beyond * (1 / (1 - kGamutStart)), bend);
}
REELSWAP_ROW_INLINE float Expanded(float distance, float bend) {
  const float beyond = AboveZero(distance - kGamutStart);
  return distance - beyond + (1 - kGamutStart) * Straight(beyond * (1 / (1 - kGamutStart)), bend);
}

template <bool kExpand>
REELSWAP_ROW_INLINE void BendRow(float* __restrict row, const float* __restrict largest, float bend, int n) {
  for (int i = 0; i < n; ++i) {
    const float distance = 1 - row[i] / largest[i];
    row[i] = largest[i] * (1 - (kExpand ? Expanded(distance, bend) : Compressed(distance, bend)));
  }
}

template <bool kExpand>
REELSWAP_ROW_INLINE void BendGamut(Light& light, const GamutBend bend, int n) {
  alignas(64) Plane largest;
  for (int i = 0; i < n; ++i) largest[i] = Larger(light.r[i], kDark);
  for (int i = 0; i < n; ++i) largest[i] = Larger(light.g[i], largest[i]);
  for (int i = 0; i < n; ++i) largest[i] = Larger(light.b[i], largest[i]);
  BendRow<kExpand>(light.r, largest, bend.r, n);
  BendRow<kExpand>(light.g, largest, bend.g, n);
  BendRow<kExpand>(light.b, largest, bend.b, n);
}

// The screen's light (0..1) to its code through a table of 2^9 steps to a doubling: within 0.1 code of the curve.
constexpr int kScreenExponent = -23, kScreenSteps = 9;
constexpr float kScreenLowest = 1.0f / (1 << -kScreenExponent);
REELSWAP_ROW_INLINE int32_t ScreenIndex(float light) {
  const float bounded = Smaller(Larger(light, kScreenLowest), 1.0f);
  return (__builtin_bit_cast(int32_t, bounded) - __builtin_bit_cast(int32_t, kScreenLowest)) >> (23 - kScreenSteps);
}
float ScreenLight(int32_t index) {
  const int32_t middle = (index << (23 - kScreenSteps)) + (1 << (22 - kScreenSteps));
  return __builtin_bit_cast(float, __builtin_bit_cast(int32_t, kScreenLowest) + middle);
}

REELSWAP_ROW_INLINE void IndexRow(const float* __restrict light, float bend, int32_t* __restrict index, int n) {
  for (int i = 0; i < n; ++i) {
    const float beyond = AboveZero(light[i] - kKnee);
    const float shown = bend == 0 ? light[i] : light[i] - beyond + (1 - kKnee) * Bent(beyond * (1 / (1 - kKnee)), bend);
    index[i] = ScreenIndex(shown);
  }
}

REELSWAP_ROW_LOOP
void ScaleRows(Light& light, const float* __restrict factor, float gain, int n) {
  for (int i = 0; i < n; ++i) {
    const float by = factor[i] * gain;
    light.b[i] *= by;
    light.g[i] *= by;
    light.r[i] *= by;
  }
}

REELSWAP_ROW_LOOP
void WideLuminance(const Light& light, float gain, float* __restrict luminance, int n) {
  for (int i = 0; i < n; ++i) luminance[i] = gain * (0.2627f * light.r[i] + 0.6780f * light.g[i] + 0.0593f * light.b[i]);
}

REELSWAP_ROW_LOOP
void ToNarrowGamut(Light& light, int n) {
  const GamutBend bend = kGamutBend;
  Multiply(light, kToNarrow, n);
  BendGamut<false>(light, bend, n);
}

REELSWAP_ROW_LOOP
void ToWideGamut(Light& light, int n) {
  const GamutBend bend = kGamutBend;
  BendGamut<true>(light, bend, n);
  Multiply(light, kToWide, n);
}

struct Steps {
  float lowest, highest;
  int32_t base;
  int shift;
  const float* values;
};
REELSWAP_ROW_LOOP
void Interpolate(const float* __restrict x, int n, const Steps steps, float* __restrict values) {
  const float* __restrict table = steps.values;
  const float unit = 1.0f / static_cast<float>(1 << steps.shift);
  const int32_t below = (1 << steps.shift) - 1;
  for (int i = 0; i < n; ++i) {
    const float bounded = Smaller(Larger(x[i], steps.lowest), steps.highest);
    const int32_t offset = __builtin_bit_cast(int32_t, bounded) - steps.base;
    const int32_t step = offset >> steps.shift;
    values[i] = table[step] + static_cast<float>(offset & below) * unit * (table[step + 1] - table[step]);
  }
}

REELSWAP_ROW_LOOP
void Rounded(const float* __restrict values, int n, uint16_t* __restrict rounded) {
  for (int i = 0; i < n; ++i) rounded[i] = static_cast<uint16_t>(static_cast<int32_t>(values[i] + 0.5f));
}

struct ScreenIndices {
  alignas(64) int32_t b[kChunk], g[kChunk], r[kChunk];
};
REELSWAP_ROW_LOOP
void IndexScreen(const Light& light, float bend, ScreenIndices& indices, int n) {
  IndexRow(light.b, bend, indices.b, n);
  IndexRow(light.g, bend, indices.g, n);
  IndexRow(light.r, bend, indices.r, n);
}

}  // namespace

template <typename Function>
LogTable::LogTable(int lowest_exponent, int highest_exponent, int log2_steps, const Function& function)
    : lowest_(std::ldexp(1.0f, lowest_exponent)),
      highest_(std::ldexp(1.0f, highest_exponent)),
      shift_(23 - log2_steps),
      base_(__builtin_bit_cast(int32_t, lowest_)) {
  const int steps = (highest_exponent - lowest_exponent) << log2_steps;
  for (int i = 0; i <= steps + 1; ++i) {  // one more, to interpolate at the end
    values_.push_back(static_cast<float>(function(double{__builtin_bit_cast(float, base_ + (i << shift_))})));
  }
}

void LogTable::Apply(const float* x, float* values, int n) const {
  Interpolate(x, n, {lowest_, highest_, base_, shift_, values_.data()}, values);
}

const DisplayMapping* DisplayMapping::For(const FrameFormat& format) {
  switch (format.transfer) {
    case Transfer::kSdr: {
      if (!format.wide_gamut) return nullptr;
      static const DisplayMapping wide(Transfer::kSdr, true);
      return &wide;
    }
    case Transfer::kPq: {
      static const DisplayMapping narrow(Transfer::kPq, false), wide(Transfer::kPq, true);
      return format.wide_gamut ? &wide : &narrow;
    }
    case Transfer::kHlg: {
      static const DisplayMapping narrow(Transfer::kHlg, false), wide(Transfer::kHlg, true);
      return format.wide_gamut ? &wide : &narrow;
    }
  }
  return nullptr;
}

DisplayMapping::DisplayMapping(Transfer transfer, bool wide_gamut) : transfer_(transfer), wide_gamut_(wide_gamut) {
  double bend = 0;
  if (transfer != Transfer::kSdr) {
    // A pure colour of BT.2020 has more of a component in BT.709 than white has.
    const double largest = wide_gamut ? kNarrowFromWide(0, 0) : 1;
    bend = BendFor((largest * kBrightest / kReferenceWhite - kKnee) / (1 - kKnee));
    shoulder_bend_ = static_cast<float>(bend);
    gain_ = static_cast<float>(kBrightest / kReferenceWhite);
    const double white = kKnee + (1 - kKnee) * Bent(1, shoulder_bend_);
    white_code_ = static_cast<int>(std::lround(255 * std::pow(white, 1 / kScreenGamma)));
  }
  for (int i = 0; i <= kSignalMax; ++i) {
    const double signal = static_cast<double>(i) / kSignalMax;
    light_from_signal_.push_back(static_cast<float>(transfer == Transfer::kPq    ? LightFromPq(signal) / kReferenceWhite
                                                    : transfer == Transfer::kHlg ? SceneFromHlg(signal)
                                                                                 : std::pow(signal, kScreenGamma)));
  }
  for (int32_t i = 0; i <= ScreenIndex(1.0f); ++i) {
    const double code = 255 * std::pow(std::min(double{ScreenLight(i)}, 1.0), 1 / kScreenGamma);
    code_from_screen_.push_back(static_cast<uint8_t>(std::lround(code)));
  }
  for (int i = 0; i <= 255; ++i) {
    const double shown = std::pow(i / 255.0, kScreenGamma);
    const double bent = (shown - kKnee) / (1 - kKnee);
    const bool in_shoulder = bend != 0 && shown > kKnee;
    light_from_code_.push_back(
        static_cast<float>(in_shoulder ? kKnee + (1 - kKnee) * bent / (1 - bend * bent) : shown));
  }
  // From far below the screen's first step above black, 2^-19, to beyond the brightest component there can be.
  tables_.emplace_back(-40, 7, 6, [&](double light) {
    const double signal = transfer == Transfer::kPq    ? PqFromLight(light * kReferenceWhite)
                          : transfer == Transfer::kHlg ? HlgFromScene(light)
                                                       : std::pow(std::min(light, 1.0), 1 / kScreenGamma);
    return kVideoMax * signal;
  });
  if (transfer != Transfer::kHlg) return;
  tables_.emplace_back(-40, 1, 6, [](double scene) { return std::pow(scene, kHlgGamma - 1); });
  tables_.emplace_back(-40, 3, 6, [](double shown) { return std::pow(shown, 1 / kHlgGamma - 1); });
}

void DisplayMapping::ToScreen(RgbRow<const uint16_t> video, int n, RgbRow<uint8_t> screen) const {
  Light light;
  Plane luminance, power;
  ScreenIndices indices;
  for (int from = 0; from < n; from += kChunk) {
    const int count = std::min(kChunk, n - from);
    const float* table = light_from_signal_.data();
    for (int i = 0; i < count; ++i) {
      light.b[i] = table[video.b[from + i]];
      light.g[i] = table[video.g[from + i]];
      light.r[i] = table[video.r[from + i]];
    }
    if (transfer_ == Transfer::kHlg) {  // BT.2100-2: display light is the scene's times its luminance ^ (gamma - 1)
      WideLuminance(light, 1, luminance, count);
      tables_[1].Apply(luminance, power, count);
      ScaleRows(light, power, gain_, count);
    }
    if (wide_gamut_) ToNarrowGamut(light, count);
    IndexScreen(light, shoulder_bend_, indices, count);
    const uint8_t* codes = code_from_screen_.data();
    for (int i = 0; i < count; ++i) {
      screen.b[from + i] = codes[indices.b[i]];
      screen.g[from + i] = codes[indices.g[i]];
      screen.r[from + i] = codes[indices.r[i]];
    }
  }
}

void DisplayMapping::FromScreen(RgbRow<const uint8_t> screen, int n, RgbRow<uint16_t> video) const {
  Light light;
  Plane luminance, power, signal;
  for (int from = 0; from < n; from += kChunk) {
    const int count = std::min(kChunk, n - from);
    const float* table = light_from_code_.data();
    for (int i = 0; i < count; ++i) {
      light.b[i] = table[screen.b[from + i]];
      light.g[i] = table[screen.g[from + i]];
      light.r[i] = table[screen.r[from + i]];
    }
    if (wide_gamut_) ToWideGamut(light, count);
    if (transfer_ == Transfer::kHlg) {
      WideLuminance(light, 1 / gain_, luminance, count);
      tables_[2].Apply(luminance, power, count);
      ScaleRows(light, power, 1 / gain_, count);
    }
    const auto write = [&](const Plane& component, uint16_t* row) {
      tables_[0].Apply(component, signal, count);
      Rounded(signal, count, row + from);
    };
    write(light.b, video.b);
    write(light.g, video.g);
    write(light.r, video.r);
  }
}

}  // namespace reelswap
