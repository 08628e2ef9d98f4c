#include "media/frame_converter.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "media/libav_log.h"

extern "C" {
#include <libavutil/opt.h>
}

namespace reelswap::libav {
namespace {

bool SameSamples(AVPixelFormat a, AVPixelFormat b) {
  const AVPixFmtDescriptor* x = av_pix_fmt_desc_get(a);
  const AVPixFmtDescriptor* y = av_pix_fmt_desc_get(b);
  // With or without alpha and "j" the first three planes are the same.
  return x != nullptr && y != nullptr && !IsRgb(*x) && (x->nb_components >= 3) == (y->nb_components >= 3) &&
         x->log2_chroma_w == y->log2_chroma_w && x->log2_chroma_h == y->log2_chroma_h &&
         x->comp[0].depth == y->comp[0].depth && ReaderFormat(a, false) == a;
}

Transfer TransferOf(AVColorTransferCharacteristic transfer) {
  switch (transfer) {
    case AVCOL_TRC_SMPTE2084:
      return Transfer::kPq;
    case AVCOL_TRC_ARIB_STD_B67:
      return Transfer::kHlg;
    default:
      return Transfer::kSdr;
  }
}

std::string Name(AVPixelFormat format) {
  const char* name = av_get_pix_fmt_name(format);
  return name == nullptr ? "unknown" : name;
}

// Throws for codings of colour that are no Y'CbCr: read as if they were, all colours would be wrong.
void RequireMatrix(int space, bool subsampled) {
  const char* coding = nullptr;
  if (space == AVCOL_SPC_YCGCO) coding = "YCgCo";
  if (space == AVCOL_SPC_ICTCP) coding = "ICtCp";
  if (space == AVCOL_SPC_SMPTE2085) coding = "Y'D'zD'x";
  if (space == AVCOL_SPC_RGB && !subsampled) coding = "R'G'B' in planes of Y'CbCr";
  if (coding == nullptr) return;
  throw Error(
      ErrorKind::kMedia,
      fmt::format("its colours are coded as {}, which is not supported: convert it to BT.709 Y'CbCr first",
                  coding));
}

Scaler NewScaler(const PictureConverter::Layout& from, const PictureConverter::Layout& to) {
  // Accurate and bit-exact: a frame must not depend on the machine's vector units. Full chroma
  // keeps the resolution of RGB and palette colour on the way to 4:4:4.
  constexpr int kFlags =
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
  Scaler scaler(sws_alloc_context());
  if (!scaler) throw std::bad_alloc();
  // Ranges have to be known from the beginning: pictures that differ in nothing else would be copied.
  const std::pair<const char*, int> options[] = {{"srcw", from.width},        {"srch", from.height},
                                                 {"src_format", from.format}, {"dstw", to.width},
                                                 {"dsth", to.height},         {"dst_format", to.format},
                                                 {"sws_flags", kFlags},       {"src_range", from.full_range},
                                                 {"dst_range", to.full_range}};
  for (const auto& [name, value] : options) av_opt_set_int(scaler.get(), name, value, 0);
  if (sws_init_context(scaler.get(), nullptr, nullptr) < 0) {
    throw Error(ErrorKind::kMedia,
                fmt::format("cannot convert pictures from {} to {}: convert the video to yuv420p first",
                            Name(from.format), Name(to.format)));
  }
  // Refused (-1) for formats without a matrix, such as gray; then there is nothing to set.
  sws_setColorspaceDetails(scaler.get(), Coefficients(from.matrix), from.full_range, Coefficients(to.matrix),
                           to.full_range, 0, 1 << 16, 1 << 16);
  return scaler;
}

FrameHandle NewPicture(const PictureConverter::Layout& layout) {
  FrameHandle picture = NewFrame();
  picture->format = layout.format;
  picture->width = layout.width;
  picture->height = layout.height;
  if (av_frame_get_buffer(picture.get(), 0) < 0) throw std::bad_alloc();
  return picture;
}

}  // namespace

FrameHandle PictureConverter::Convert(const AVFrame& picture, const Layout& from, const Layout& to) {
  if (!scaler_ || from != from_ || to != to_) {
    scaler_ = NewScaler(from, to);
    from_ = from;
    to_ = to;
  }
  FrameHandle result = NewPicture(to);
  const int rows = sws_scale(scaler_.get(), picture.data, picture.linesize, 0, from.height, result->data,
                             result->linesize);
  if (rows < 0) throw Error(ErrorKind::kMedia, "cannot convert a picture: " + CodeText(rows));
  return result;
}

FrameConverter::FrameConverter(const AVFrame& first, Orientation orientation, const AVCodecParameters& stream)
    : orientation_(orientation), stream_color_space_(stream.color_space) {
  const auto source = static_cast<AVPixelFormat>(first.format);
  const AVPixelFormat reader = ReaderFormat(source, orientation.transpose);
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(reader);
  if (descriptor == nullptr) {
    throw Error(ErrorKind::kMedia,
                fmt::format("its pixel format {} is not supported: convert it to yuv420p", Name(source)));
  }
  const bool from_rgb = IsRgb(*av_pix_fmt_desc_get(source));
  const bool gray = descriptor->nb_components <= 2;
  lying_ = LayoutOf(first);
  lying_.format =
      PlanarFormat(gray, descriptor->log2_chroma_w, descriptor->log2_chroma_h, descriptor->comp[0].depth);
  if (from_rgb) {
    // RGB has no matrix; we choose HD's and say so in the tags.
    lying_.full_range = false;
    lying_.matrix = ColorMatrix::kBt709;
    color_space_ = AVCOL_SPC_BT709;
  } else {
    color_space_ = first.colorspace != AVCOL_SPC_UNSPECIFIED ? first.colorspace : stream.color_space;
    // R'G'B' is never subsampled: such a tag is wrong, and a copy must not carry it on.
    if (color_space_ == AVCOL_SPC_RGB) color_space_ = AVCOL_SPC_UNSPECIFIED;
  }
  format_.width = orientation.transpose ? lying_.height : lying_.width;
  format_.height = orientation.transpose ? lying_.width : lying_.height;
  format_.bit_depth = descriptor->comp[0].depth;
  format_.gray = gray;
  format_.chroma_shift_x = gray ? 0 : descriptor->log2_chroma_w;
  format_.chroma_shift_y = gray ? 0 : descriptor->log2_chroma_h;
  format_.full_range = lying_.full_range;
  format_.matrix = lying_.matrix;
  format_.transfer =
      TransferOf(first.color_trc != AVCOL_TRC_UNSPECIFIED ? first.color_trc : stream.color_trc);
  const int primaries =
      first.color_primaries != AVCOL_PRI_UNSPECIFIED ? first.color_primaries : stream.color_primaries;
  format_.wide_gamut = primaries == AVCOL_PRI_BT2020;
}

PictureConverter::Layout FrameConverter::LayoutOf(const AVFrame& picture) const {
  const auto format = static_cast<AVPixelFormat>(picture.format);
  const int space = picture.colorspace != AVCOL_SPC_UNSPECIFIED ? picture.colorspace : stream_color_space_;
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  const bool coded = d != nullptr && d->nb_components >= 3 && !IsRgb(*d);
  if (coded) RequireMatrix(space, d->log2_chroma_w > 0 || d->log2_chroma_h > 0);
  return {picture.width, picture.height, WithoutJ(format),
          IsJ(format) || picture.color_range == AVCOL_RANGE_JPEG,
          MatrixFor(space, picture.width, picture.height)};
}

Frame FrameConverter::Convert(FrameHandle picture, int64_t index, int64_t pts) {
  const PictureConverter::Layout layout = LayoutOf(*picture);
  const bool fits = layout.width == lying_.width && layout.height == lying_.height &&
                    SameSamples(layout.format, lying_.format) && layout.full_range == lying_.full_range &&
                    (format_.gray || layout.matrix == lying_.matrix);
  if (!fits) picture = converter_.Convert(*picture, layout, lying_);
  return Upright(std::move(picture), index, pts);
}

Frame FrameConverter::Upright(FrameHandle picture, int64_t index, int64_t pts) const {
  const int planes = format_.PlaneCount();
  bool as_it_is = orientation_.IsUpright();
  for (int p = 0; p < planes; ++p) as_it_is = as_it_is && picture->linesize[p] > 0;
  if (!as_it_is) {
    // Also for bottom-up pictures: OpenCV's views know no negative stride.
    PictureConverter::Layout layout = lying_;
    layout.width = format_.width;
    layout.height = format_.height;
    FrameHandle turned = NewPicture(layout);
    for (int p = 0; p < planes; ++p) {
      const cv::Size size = format_.PlaneSize(p);
      const PlaneView plane{picture->data[p], picture->linesize[p],
                            orientation_.transpose ? size.height : size.width,
                            orientation_.transpose ? size.width : size.height, format_.BytesPerSample()};
      CopyUpright(plane, orientation_, turned->data[p], turned->linesize[p]);
    }
    picture = std::move(turned);
  }
  FramePlanes view;
  for (int p = 0; p < planes; ++p) {
    view.data[p] = picture->data[p];
    view.stride_bytes[p] = picture->linesize[p];
  }
  view.owner = std::shared_ptr<AVFrame>(std::move(picture));
  return Frame(format_, std::move(view), index, pts);
}

}  // namespace reelswap::libav
