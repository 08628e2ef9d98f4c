#include "core/color_rows.h"

#include <algorithm>
#include <cmath>

#include "core/row_loop.h"

namespace reelswap {
namespace {

/// Weights of the luma and what a sample of the depth stands for: offset + scale * [0, 1] or [-1/2, 1/2].
struct Coding {
  double kr = 0.299, kg = 0, kb = 0.114;  // BT.601 unless said otherwise
  double y_scale = 0, c_scale = 0;
  int y_offset = 0, c_offset = 0, max_sample = 0;

  explicit Coding(const FrameFormat& format) {
    switch (format.matrix) {
      case ColorMatrix::kBt601: break;
      case ColorMatrix::kBt709: kr = 0.2126, kb = 0.0722; break;
      case ColorMatrix::kBt2020: kr = 0.2627, kb = 0.0593; break;
    }
    kg = 1 - kr - kb;
    const int eighth_bit = 1 << (format.bit_depth - 8);
    max_sample = (1 << format.bit_depth) - 1;
    c_offset = 128 * eighth_bit;
    y_offset = format.full_range ? 0 : 16 * eighth_bit;
    y_scale = format.full_range ? max_sample : 219 * eighth_bit;
    c_scale = format.full_range ? max_sample : 224 * eighth_bit;
  }
};

int Fixed(double value, int shift) { return static_cast<int>(std::lround(std::ldexp(value, shift))); }

template <typename Sample, typename Value>
REELSWAP_ROW_INLINE void Upsample(const Sample* __restrict near, const Sample* __restrict far, const ChromaSource s,
                                  Value* __restrict values) {
  const Sample* __restrict n = near + s.first;
  const Sample* __restrict f = far + s.first;
  if (!s.halved) {
    for (int i = 0; i < s.count; ++i) values[i] = static_cast<Value>(12 * n[i] + 4 * f[i]);
    return;
  }
  const int last = s.count - 1, before = s.first > 0 ? -1 : 0, after = s.first + s.count < s.width ? last + 1 : last;
  values[0] = static_cast<Value>(9 * n[0] + 3 * f[0] + 3 * n[before] + f[before]);
  for (int i = 0; i < last; ++i) {
    values[2 * i + 1] = static_cast<Value>(9 * n[i] + 3 * f[i] + 3 * n[i + 1] + f[i + 1]);
    values[2 * i + 2] = static_cast<Value>(9 * n[i + 1] + 3 * f[i + 1] + 3 * n[i] + f[i]);
  }
  values[2 * last + 1] = static_cast<Value>(9 * n[last] + 3 * f[last] + 3 * n[after] + f[after]);
}

REELSWAP_ROW_INLINE int Clamp(int value, int max) { return value < 0 ? 0 : value > max ? max : value; }

template <typename Sample, typename Value, typename Out>
REELSWAP_ROW_INLINE void ToRgb(const Sample* __restrict y, const Value* __restrict cb, const Value* __restrict cr, int n,
                               const RgbFromYcc k, Out* __restrict b, Out* __restrict g, Out* __restrict r) {
  for (int i = 0; i < n; ++i) {
    const int light = y[i] * k.y;
    b[i] = static_cast<Out>(Clamp((light + cb[i] * k.b_cb + k.b_bias) >> k.shift, k.max));
    g[i] = static_cast<Out>(Clamp((light + cb[i] * k.g_cb + cr[i] * k.g_cr + k.g_bias) >> k.shift, k.max));
    r[i] = static_cast<Out>(Clamp((light + cr[i] * k.r_cr + k.r_bias) >> k.shift, k.max));
  }
}

template <typename Sample, typename In>
REELSWAP_ROW_INLINE void Luma(Sample* __restrict y, const In* __restrict b, const In* __restrict g,
                              const In* __restrict r, const uint8_t* __restrict mask, int n, const YccFromRgb k) {
  constexpr int kShift = YccFromRgb::kShift;
  const int f = k.depth_shift, highest = k.max_sample << f, half = 1 << (kShift + f - 1);
  for (int i = 0; i < n; ++i) {
    const int wanted = Clamp((k.y_b * b[i] + k.y_g * g[i] + k.y_r * r[i] + k.y_bias) >> kShift, highest);
    const int alpha = (mask[i] * 257 + 2) >> 2;  // 0 .. 2^14, both exact
    const int old = y[i];
    y[i] = static_cast<Sample>(old + (((wanted - (old << f)) * alpha + half) >> (kShift + f)));
  }
}

// 16-bit colours are brought to the magnitude of 8-bit ones, so that the sums have room.
template <typename In>
REELSWAP_ROW_INLINE void Add(const In* __restrict b, const In* __restrict g, const In* __restrict r,
                             const uint8_t* __restrict mask, int n, const MaskedSums& sums) {
  constexpr int kShift = sizeof(In) == 2 ? 8 : 0, kHalf = sizeof(In) == 2 ? 128 : 0;
  int32_t* __restrict sum_b = sums.rgb.b;
  int32_t* __restrict sum_g = sums.rgb.g;
  int32_t* __restrict sum_r = sums.rgb.r;
  int32_t* __restrict sum_mask = sums.mask;
  for (int i = 0; i < n; ++i) {
    const int m = mask[i];
    sum_b[i] += (m * b[i] + kHalf) >> kShift;
    sum_g[i] += (m * g[i] + kHalf) >> kShift;
    sum_r[i] += (m * r[i] + kHalf) >> kShift;
    sum_mask[i] += m;
  }
}

template <bool kHalved>
REELSWAP_ROW_INLINE int Covered(const int32_t* sums, int i) {
  return kHalved ? sums[2 * i] + sums[2 * i + 1] : sums[i];
}

template <typename Sample, bool kHalved>
REELSWAP_ROW_INLINE void Chroma(Sample* __restrict cb, Sample* __restrict cr, const MaskedSums& sums, int n,
                                const YccFromRgb k) {
  constexpr int kShift = YccFromRgb::kShift;
  const int32_t* __restrict sum_b = sums.rgb.b;
  const int32_t* __restrict sum_g = sums.rgb.g;
  const int32_t* __restrict sum_r = sums.rgb.r;
  const int32_t* __restrict sum_mask = sums.mask;
  const int f = k.depth_shift, half = 1 << (kShift + f - 1);
  const int mask_shift = 2 + k.log2_covered, mask_half = 1 << (mask_shift - 1);
  for (int i = 0; i < n; ++i) {
    const int b = Covered<kHalved>(sum_b, i), g = Covered<kHalved>(sum_g, i), r = Covered<kHalved>(sum_r, i);
    const int kept = (1 << kShift) - ((Covered<kHalved>(sum_mask, i) * 257 + mask_half) >> mask_shift);
    const int old_cb = (cb[i] - k.c_offset) * (1 << f), old_cr = (cr[i] - k.c_offset) * (1 << f);
    const int new_cb = old_cb * kept + k.cb_b * b + k.cb_g * g + k.cb_r * r;
    const int new_cr = old_cr * kept + k.cr_b * b + k.cr_g * g + k.cr_r * r;
    cb[i] = static_cast<Sample>(Clamp(k.c_offset + ((new_cb + half) >> (kShift + f)), k.max_sample));
    cr[i] = static_cast<Sample>(Clamp(k.c_offset + ((new_cr + half) >> (kShift + f)), k.max_sample));
  }
}

}  // namespace

RgbFromYcc MakeRgbFromYcc(const FrameFormat& format, int max_rgb) {
  const Coding c(format);
  RgbFromYcc k;
  k.max = max_rgb;
  // The largest sum, about 3.1 times max_rgb with superwhite and full chroma, stays below 2^31.
  k.shift = max_rgb == 255 ? 20 : 16;
  const double y = max_rgb / c.y_scale, chroma = max_rgb / c.c_scale / 16;
  const double r_cr = 2 * (1 - c.kr), b_cb = 2 * (1 - c.kb);
  k.y = Fixed(y, k.shift);
  k.r_cr = Fixed(r_cr * chroma, k.shift);
  k.b_cb = Fixed(b_cb * chroma, k.shift);
  k.g_cb = Fixed(-c.kb * b_cb / c.kg * chroma, k.shift);
  k.g_cr = Fixed(-c.kr * r_cr / c.kg * chroma, k.shift);
  const int neutral = 16 * c.c_offset;
  const int black = (1 << (k.shift - 1)) - Fixed(y * c.y_offset, k.shift);
  k.b_bias = black - neutral * k.b_cb;
  k.g_bias = black - neutral * (k.g_cb + k.g_cr);
  k.r_bias = black - neutral * k.r_cr;
  return k;
}

YccFromRgb MakeYccFromRgb(const FrameFormat& format, int max_rgb) {
  const Coding c(format);
  YccFromRgb k;
  k.depth_shift = 16 - format.bit_depth;
  k.log2_covered = format.gray ? 0 : format.chroma_shift_x + format.chroma_shift_y;
  k.c_offset = c.c_offset;
  k.max_sample = c.max_sample;
  const double to16 = 1 << k.depth_shift;
  const double y = c.y_scale * to16 / max_rgb;
  k.y_b = Fixed(c.kb * y, YccFromRgb::kShift);
  k.y_r = Fixed(c.kr * y, YccFromRgb::kShift);
  k.y_g = Fixed(y, YccFromRgb::kShift) - k.y_b - k.y_r;  // grays get exactly what they should
  k.y_bias = (c.y_offset << (k.depth_shift + YccFromRgb::kShift)) + (1 << (YccFromRgb::kShift - 1));
  // Sums are of mask (255) times colour, 16-bit colours divided by 256.
  const double full = 255.0 * (max_rgb == 255 ? 255.0 : max_rgb / 256.0) * (1 << k.log2_covered);
  const double blue = c.c_scale * to16 / full / (2 * (1 - c.kb)), red = c.c_scale * to16 / full / (2 * (1 - c.kr));
  k.cb_g = Fixed(-c.kg * blue, YccFromRgb::kShift);
  k.cb_r = Fixed(-c.kr * blue, YccFromRgb::kShift);
  k.cb_b = -k.cb_g - k.cb_r;  // grays stay neutral
  k.cr_g = Fixed(-c.kg * red, YccFromRgb::kShift);
  k.cr_b = Fixed(-c.kb * red, YccFromRgb::kShift);
  k.cr_r = -k.cr_g - k.cr_b;
  return k;
}

int BlackSample(const FrameFormat& format) { return Coding(format).y_offset; }
int NeutralSample(const FrameFormat& format) { return Coding(format).c_offset; }

REELSWAP_ROW_LOOP
void UpsampleChroma(const uint8_t* near, const uint8_t* far, const ChromaSource& source, uint16_t* values) {
  Upsample(near, far, source, values);
}
REELSWAP_ROW_LOOP
void UpsampleChroma(const uint16_t* near, const uint16_t* far, const ChromaSource& source, int32_t* values) {
  Upsample(near, far, source, values);
}

REELSWAP_ROW_LOOP
void RowToRgb(const uint8_t* y, const uint16_t* cb, const uint16_t* cr, int n, const RgbFromYcc& k, RgbRow<uint8_t> rgb) {
  ToRgb(y, cb, cr, n, k, rgb.b, rgb.g, rgb.r);
}
REELSWAP_ROW_LOOP
void RowToRgb(const uint16_t* y, const int32_t* cb, const int32_t* cr, int n, const RgbFromYcc& k,
              RgbRow<uint8_t> rgb) {
  ToRgb(y, cb, cr, n, k, rgb.b, rgb.g, rgb.r);
}
REELSWAP_ROW_LOOP
void RowToRgb(const uint8_t* y, const uint16_t* cb, const uint16_t* cr, int n, const RgbFromYcc& k,
              RgbRow<uint16_t> rgb) {
  ToRgb(y, cb, cr, n, k, rgb.b, rgb.g, rgb.r);
}
REELSWAP_ROW_LOOP
void RowToRgb(const uint16_t* y, const int32_t* cb, const int32_t* cr, int n, const RgbFromYcc& k,
              RgbRow<uint16_t> rgb) {
  ToRgb(y, cb, cr, n, k, rgb.b, rgb.g, rgb.r);
}

REELSWAP_ROW_LOOP
void BlendLuma(uint8_t* y, RgbRow<const uint8_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k) {
  Luma(y, rgb.b, rgb.g, rgb.r, mask, n, k);
}
REELSWAP_ROW_LOOP
void BlendLuma(uint16_t* y, RgbRow<const uint8_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k) {
  Luma(y, rgb.b, rgb.g, rgb.r, mask, n, k);
}
REELSWAP_ROW_LOOP
void BlendLuma(uint8_t* y, RgbRow<const uint16_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k) {
  Luma(y, rgb.b, rgb.g, rgb.r, mask, n, k);
}
REELSWAP_ROW_LOOP
void BlendLuma(uint16_t* y, RgbRow<const uint16_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k) {
  Luma(y, rgb.b, rgb.g, rgb.r, mask, n, k);
}

REELSWAP_ROW_LOOP
void AddMasked(RgbRow<const uint8_t> rgb, const uint8_t* mask, int n, MaskedSums sums) {
  Add(rgb.b, rgb.g, rgb.r, mask, n, sums);
}
REELSWAP_ROW_LOOP
void AddMasked(RgbRow<const uint16_t> rgb, const uint8_t* mask, int n, MaskedSums sums) {
  Add(rgb.b, rgb.g, rgb.r, mask, n, sums);
}

REELSWAP_ROW_LOOP
void BlendChroma(uint8_t* cb, uint8_t* cr, const MaskedSums& sums, bool halved, int n, const YccFromRgb& k) {
  halved ? Chroma<uint8_t, true>(cb, cr, sums, n, k) : Chroma<uint8_t, false>(cb, cr, sums, n, k);
}
REELSWAP_ROW_LOOP
void BlendChroma(uint16_t* cb, uint16_t* cr, const MaskedSums& sums, bool halved, int n, const YccFromRgb& k) {
  halved ? Chroma<uint16_t, true>(cb, cr, sums, n, k) : Chroma<uint16_t, false>(cb, cr, sums, n, k);
}

}  // namespace reelswap
