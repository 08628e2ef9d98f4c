#pragma once

#include <cstdint>
#include <type_traits>

#include "core/frame.h"

// Y'CbCr to R'G'B' and back, a row at a time, in integers: the same bytes on every machine.

namespace reelswap {

/// Coefficients to R'G'B' of 0..max: a component is (y Y + cb Cb + cr Cr + bias) >> shift, clamped. Chroma enters 16
/// times as large as it is stored, which is how UpsampleChroma leaves it.
struct RgbFromYcc {
  int y = 0, b_cb = 0, g_cb = 0, g_cr = 0, r_cr = 0;
  int b_bias = 0, g_bias = 0, r_bias = 0;
  int shift = 0;
  int max = 0;
};

/// Coefficients from R'G'B' of 0..max_rgb to samples. Inside, samples are scaled to 16 bits, whatever their depth.
struct YccFromRgb {
  static constexpr int kShift = 14;  ///< of every product
  int y_b = 0, y_g = 0, y_r = 0, y_bias = 0;
  int cb_b = 0, cb_g = 0, cb_r = 0;  ///< for sums of colour times mask over the luma samples a chroma sample covers
  int cr_b = 0, cr_g = 0, cr_r = 0;
  int c_offset = 0;    ///< neutral chroma, in the format's own depth
  int max_sample = 0;  ///< of the format's depth
  int depth_shift = 0; ///< 16 - bit depth
  int log2_covered = 0;///< of the number of luma samples a chroma sample covers
};

/// Matrix and range of `format` (ITU-R BT.601, BT.709, BT.2020 non-constant luminance; limited range is 16..235 and
/// 16..240, scaled to the depth). max_rgb: 255 or 4095.
RgbFromYcc MakeRgbFromYcc(const FrameFormat& format, int max_rgb);
/// max_rgb: 255 for 8-bit colour, 65535 for 16-bit colour.
YccFromRgb MakeYccFromRgb(const FrameFormat& format, int max_rgb);
/// Samples of black and of neutral chroma.
int BlackSample(const FrameFormat& format);
int NeutralSample(const FrameFormat& format);

/// Where a row of chroma comes from when it is brought to luma resolution.
struct ChromaSource {
  int first = 0;        ///< chroma sample of the first one wanted
  int count = 0;        ///< chroma samples wanted
  int width = 0;        ///< of the plane; neighbours beyond it are the outermost sample again
  bool halved = false;  ///< true: two luma samples to a chroma sample, else one
};
/// Bilinear, chroma centred between the luma samples it covers: near and far are the plane's rows 3/4 and 1/4 of which
/// make this one (the same row twice where chroma is not subsampled vertically). Writes count << halved values, 16
/// times the sample.
void UpsampleChroma(const uint8_t* near, const uint8_t* far, const ChromaSource& source, uint16_t* values);
void UpsampleChroma(const uint16_t* near, const uint16_t* far, const ChromaSource& source, int32_t* values);

/// What UpsampleChroma makes of a sample: 16 times 8 bits fit into 16.
template <typename Sample>
using ChromaValue = std::conditional_t<sizeof(Sample) == 1, uint16_t, int32_t>;

/// Three rows of n components.
template <typename T>
struct RgbRow {
  T* b;
  T* g;
  T* r;
};

void RowToRgb(const uint8_t* y, const uint16_t* cb, const uint16_t* cr, int n, const RgbFromYcc& k, RgbRow<uint8_t> rgb);
void RowToRgb(const uint16_t* y, const int32_t* cb, const int32_t* cr, int n, const RgbFromYcc& k, RgbRow<uint8_t> rgb);
void RowToRgb(const uint8_t* y, const uint16_t* cb, const uint16_t* cr, int n, const RgbFromYcc& k, RgbRow<uint16_t> rgb);
void RowToRgb(const uint16_t* y, const int32_t* cb, const int32_t* cr, int n, const RgbFromYcc& k,
              RgbRow<uint16_t> rgb);

/// Moves n luma samples towards the colour's luma by mask / 255, in their own depth. Mask 0 changes no bit.
void BlendLuma(uint8_t* y, RgbRow<const uint8_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k);
void BlendLuma(uint16_t* y, RgbRow<const uint8_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k);
void BlendLuma(uint8_t* y, RgbRow<const uint16_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k);
void BlendLuma(uint16_t* y, RgbRow<const uint16_t> rgb, const uint8_t* mask, int n, const YccFromRgb& k);

/// Colour times mask, and mask, summed over rows.
struct MaskedSums {
  RgbRow<int32_t> rgb;
  int32_t* mask;
};
void AddMasked(RgbRow<const uint8_t> rgb, const uint8_t* mask, int n, MaskedSums sums);
void AddMasked(RgbRow<const uint16_t> rgb, const uint8_t* mask, int n, MaskedSums sums);

/// Moves n chroma samples towards the masked colour. The mean of (mask * colour) over the covered luma samples is
/// what each of them would contribute alone, so neither colours under a mask of 0 nor a soft edge make a fringe. sums:
/// n << halved values. A sum of masks of 0 changes no bit.
void BlendChroma(uint8_t* cb, uint8_t* cr, const MaskedSums& sums, bool halved, int n, const YccFromRgb& k);
void BlendChroma(uint16_t* cb, uint16_t* cr, const MaskedSums& sums, bool halved, int n, const YccFromRgb& k);

}  // namespace reelswap
