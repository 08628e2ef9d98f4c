#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace reelswap {

/// One of the eight ways to lay a picture upright: first swap x and y, then mirror.
struct Orientation {
  bool transpose = false;
  bool mirror_x = false;  ///< left and right, after the transposition
  bool mirror_y = false;  ///< top and bottom, after the transposition
  bool IsUpright() const { return !transpose && !mirror_x && !mirror_y; }
  /// 0, 90, 180 or 270 clockwise; what a mirror adds is not counted.
  int Degrees() const;
  /// True when the turned picture is also a mirror image.
  bool Mirrored() const { return transpose != (mirror_x != mirror_y); }
};

/// The orientation nearest to a 3 x 3 display matrix (ISO/IEC 14496-12, 6.2.2: nine numbers, rows
/// (a b u) (c d v) (x y w), x' = a x + c y, y' = b x + d y). Upright for a matrix of zeros.
Orientation OrientationFromMatrix(std::span<const int32_t, 9> matrix);

/// A plane of samples of one or two bytes.
struct PlaneView {
  const uint8_t* data = nullptr;
  ptrdiff_t stride_bytes = 0;  ///< may be negative (bottom-up pictures)
  int width = 0;               ///< samples
  int height = 0;
  int bytes_per_sample = 1;
};

/// Copies the plane upright, sample for sample. `out` has room for height x width samples where
/// the orientation transposes, else width x height.
void CopyUpright(const PlaneView& plane, Orientation orientation, uint8_t* out, ptrdiff_t out_stride_bytes);

}  // namespace reelswap
