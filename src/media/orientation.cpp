#include "media/orientation.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace reelswap {
namespace {

template <typename Sample>
void CopyTransposed(const PlaneView& plane, Orientation o, uint8_t* out, ptrdiff_t out_stride) {
  // Tiles: a column of the source walked to its end would miss the cache at every step.
  constexpr int kTile = 32;
  for (int tile_y = 0; tile_y < plane.width; tile_y += kTile) {
    for (int tile_x = 0; tile_x < plane.height; tile_x += kTile) {
      const int end_y = std::min(tile_y + kTile, plane.width);
      const int end_x = std::min(tile_x + kTile, plane.height);
      for (int y = tile_y; y < end_y; ++y) {
        auto* row = reinterpret_cast<Sample*>(out + y * out_stride);
        const int source_x = o.mirror_y ? plane.width - 1 - y : y;
        for (int x = tile_x; x < end_x; ++x) {
          const int source_y = o.mirror_x ? plane.height - 1 - x : x;
          row[x] = reinterpret_cast<const Sample*>(plane.data + source_y * plane.stride_bytes)[source_x];
        }
      }
    }
  }
}

template <typename Sample>
void CopyStraight(const PlaneView& plane, Orientation o, uint8_t* out, ptrdiff_t out_stride) {
  for (int y = 0; y < plane.height; ++y) {
    const int source_y = o.mirror_y ? plane.height - 1 - y : y;
    const auto* from = reinterpret_cast<const Sample*>(plane.data + source_y * plane.stride_bytes);
    auto* to = reinterpret_cast<Sample*>(out + y * out_stride);
    if (o.mirror_x) {
      std::reverse_copy(from, from + plane.width, to);
    } else {
      std::copy(from, from + plane.width, to);
    }
  }
}

template <typename Sample>
void Copy(const PlaneView& plane, Orientation o, uint8_t* out, ptrdiff_t out_stride) {
  if (o.transpose) {
    CopyTransposed<Sample>(plane, o, out, out_stride);
  } else {
    CopyStraight<Sample>(plane, o, out, out_stride);
  }
}

}  // namespace

int Orientation::Degrees() const {
  if (transpose) return mirror_y ? 270 : 90;
  return mirror_x && mirror_y ? 180 : 0;
}

Orientation OrientationFromMatrix(std::span<const int32_t, 9> matrix) {
  const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  Orientation orientation;
  orientation.transpose = std::llabs(b) + std::llabs(c) > std::llabs(a) + std::llabs(d);
  orientation.mirror_x = (orientation.transpose ? c : a) < 0;
  orientation.mirror_y = (orientation.transpose ? b : d) < 0;
  return orientation;
}

void CopyUpright(const PlaneView& plane, Orientation orientation, uint8_t* out, ptrdiff_t out_stride_bytes) {
  if (plane.bytes_per_sample == 2) {
    Copy<uint16_t>(plane, orientation, out, out_stride_bytes);
  } else {
    Copy<uint8_t>(plane, orientation, out, out_stride_bytes);
  }
}

}  // namespace reelswap
