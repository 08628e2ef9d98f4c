#pragma once

#include "core/frame.h"
#include "media/libav_handles.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace reelswap::libav {

/// libav's planar little-endian format with this layout, the depth rounded up to one that exists.
/// AV_PIX_FMT_NONE when there is none.
AVPixelFormat PlanarFormat(bool gray, int chroma_shift_x, int chroma_shift_y, int bit_depth);
inline AVPixelFormat PlanarFormat(const FrameFormat& f) {
  return PlanarFormat(f.gray, f.chroma_shift_x, f.chroma_shift_y, f.bit_depth);
}

/// The format in which frames of `source` leave the reader: itself where Frame can hold it (gray,
/// 4:2:0, 4:2:2, 4:4:4), else the nearest planar one that loses no chroma: RGB and palette become
/// 4:4:4 (their colour has full resolution and their size may be odd), 4:1:1 becomes 4:2:2, 4:4:0
/// becomes 4:4:4, and 4:2:2 that is to be turned by 90 degrees becomes 4:4:4. Alpha is dropped.
AVPixelFormat ReaderFormat(AVPixelFormat source, bool transposed);

/// yuvj420p and its like are yuv420p in full range; any other format is itself.
AVPixelFormat WithoutJ(AVPixelFormat format);
bool IsJ(AVPixelFormat format);

bool IsRgb(const AVPixFmtDescriptor& descriptor);

/// The Y'CbCr matrix of an H.273 code point; where it is not told, what players assume from the size.
ColorMatrix MatrixFor(int color_space, int width, int height);
/// swscale's coefficients for it.
const int* Coefficients(ColorMatrix matrix);

}  // namespace reelswap::libav
