#include "media/pixel_layout.h"

#include <algorithm>
#include <string_view>

namespace reelswap::libav {
namespace {

bool SamplesArePlain(const AVPixFmtDescriptor& d, int components) {
  const int depth = d.comp[0].depth;
  const int bytes = depth > 8 ? 2 : 1;
  for (int i = 0; i < components; ++i) {
    const AVComponentDescriptor& c = d.comp[i];
    if (c.plane != i || c.step != bytes || c.shift != 0 || c.offset != 0 || c.depth != depth) return false;
  }
  return depth >= 8 && depth <= 16;
}

// Planar Y'CbCr or gray as Frame lays it out; further planes (alpha) may follow.
bool IsPlain(const AVPixFmtDescriptor& d) {
  constexpr uint64_t kOther = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL |
                              AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT;
  if ((d.flags & kOther) != 0) return false;
  if (d.comp[0].depth > 8 && (d.flags & AV_PIX_FMT_FLAG_BE) != 0) return false;
  return SamplesArePlain(d, d.nb_components >= 3 ? 3 : 1);
}

bool FrameHolds(int shift_x, int shift_y) { return shift_x <= 1 && shift_y <= shift_x; }

}  // namespace

bool IsJ(AVPixelFormat format) {
  const char* name = av_get_pix_fmt_name(format);
  return name != nullptr && std::string_view(name).starts_with("yuvj");
}

AVPixelFormat WithoutJ(AVPixelFormat format) {
  if (!IsJ(format)) return format;
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  return PlanarFormat(false, d->log2_chroma_w, d->log2_chroma_h, 8);
}

bool IsRgb(const AVPixFmtDescriptor& d) {
  return (d.flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER)) != 0 ||
         std::string_view(d.name).starts_with("xyz");
}

AVPixelFormat PlanarFormat(bool gray, int shift_x, int shift_y, int bit_depth) {
  AVPixelFormat best = AV_PIX_FMT_NONE;
  int best_depth = 17;
  for (const AVPixFmtDescriptor* d = av_pix_fmt_desc_next(nullptr); d != nullptr;
       d = av_pix_fmt_desc_next(d)) {
    const AVPixelFormat format = av_pix_fmt_desc_get_id(d);
    if (d->nb_components != (gray ? 1 : 3) || !IsPlain(*d) || IsJ(format)) continue;
    if (!gray && (d->log2_chroma_w != shift_x || d->log2_chroma_h != shift_y)) continue;
    const int depth = d->comp[0].depth;
    if (depth < bit_depth || depth >= best_depth) continue;
    best = format;
    best_depth = depth;
  }
  return best;
}

AVPixelFormat ReaderFormat(AVPixelFormat source, bool transposed) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(source);
  if (d == nullptr) return AV_PIX_FMT_NONE;
  const int depth = std::clamp(d->comp[0].depth, 8, 16);
  if (IsRgb(*d)) return PlanarFormat(false, 0, 0, depth);
  if (d->nb_components <= 2)
    return IsPlain(*d) && d->nb_components == 1 ? source : PlanarFormat(true, 0, 0, depth);
  int x = d->log2_chroma_w;
  int y = d->log2_chroma_h;
  if (transposed && x != y) x = y = 0;
  if (!FrameHolds(x, y)) {
    x = std::min(x, 1);
    y = std::min(y, 1);
    if (y > x) y = 0;
  }
  if (IsPlain(*d) && x == d->log2_chroma_w && y == d->log2_chroma_h) {
    // Alpha, where there is one, is a fourth plane that nobody looks at.
    return PlanarFormat(false, x, y, depth) == AV_PIX_FMT_NONE ? AV_PIX_FMT_NONE : source;
  }
  return PlanarFormat(false, x, y, depth);
}

ColorMatrix MatrixFor(int color_space, int width, int height) {
  switch (color_space) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M:
      return ColorMatrix::kBt709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return ColorMatrix::kBt2020;
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return ColorMatrix::kBt601;
    default:
      // Upright or not, SD is at most 720 x 576.
      return std::max(width, height) >= 1280 || std::min(width, height) > 576 ? ColorMatrix::kBt709
                                                                              : ColorMatrix::kBt601;
  }
}

const int* Coefficients(ColorMatrix matrix) {
  switch (matrix) {
    case ColorMatrix::kBt709:
      return sws_getCoefficients(SWS_CS_ITU709);
    case ColorMatrix::kBt2020:
      return sws_getCoefficients(SWS_CS_BT2020);
    case ColorMatrix::kBt601:
      break;
  }
  return sws_getCoefficients(SWS_CS_ITU601);
}

}  // namespace reelswap::libav
