#pragma once

#include "core/frame.h"
#include "media/libav_handles.h"
#include "media/orientation.h"
#include "media/pixel_layout.h"

namespace reelswap::libav {

/// Scales and re-lays pictures through swscale, keeping the context while the input stays the same.
/// Not thread-safe.
class PictureConverter {
 public:
  struct Layout {
    int width = 0;
    int height = 0;
    AVPixelFormat format = AV_PIX_FMT_NONE;
    bool full_range = false;
    ColorMatrix matrix = ColorMatrix::kBt601;
    bool operator==(const Layout&) const = default;
  };
  /// Returns a new picture of layout `to`. Throws Error(kMedia) when swscale cannot convert.
  FrameHandle Convert(const AVFrame& picture, const Layout& from, const Layout& to);

 private:
  Scaler scaler_;
  Layout from_;
  Layout to_;
};

/// Turns decoded pictures into Frames that all have the layout the first one fixed: without a copy
/// where the picture already has it, else converted, scaled (a stream that changes its size) and
/// turned upright. Not thread-safe.
class FrameConverter {
 public:
  /// `stream`: for its H.273 code points, where pictures carry none themselves.
  /// Throws Error(kMedia) when the pixel format cannot be represented.
  FrameConverter(const AVFrame& first, Orientation orientation, const AVCodecParameters& stream);

  /// Layout of every frame, upright.
  const FrameFormat& format() const { return format_; }
  /// H.273 matrix of the frames: the stream's, or that of the conversion from RGB.
  int color_space() const { return color_space_; }

  /// Takes the picture's reference over.
  Frame Convert(FrameHandle picture, int64_t index, int64_t pts);

 private:
  PictureConverter::Layout LayoutOf(const AVFrame& picture) const;
  Frame Upright(FrameHandle picture, int64_t index, int64_t pts) const;

  Orientation orientation_;
  PictureConverter::Layout lying_;  // of the frames before they are turned upright
  FrameFormat format_;
  int color_space_ = AVCOL_SPC_UNSPECIFIED;
  int stream_color_space_ = AVCOL_SPC_UNSPECIFIED;
  PictureConverter converter_;
};

}  // namespace reelswap::libav
