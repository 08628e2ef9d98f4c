#pragma once

#include <map>
#include <string>

#include "media/libav_handles.h"
#include "media/video_writer.h"

namespace reelswap::libav {

/// A libav encoder and the private options that stand for EncoderOptions.
struct EncoderSettings {
  const AVCodec* codec = nullptr;
  std::map<std::string, std::string> options;
};

/// Translates and checks the user's choice; `video` gives what HDR encoders are to write into the stream.
/// Headers never depend on the pictures and groups of pictures are closed, so that pieces can be joined.
/// Throws Error(kMedia) that names the encoder, the value and what is allowed.
EncoderSettings SettingsFor(const EncoderOptions& options, const VideoInfo& video);

/// The format in which `codec` takes frames of `format` with the least loss: itself where it is
/// taken, more chroma or depth before less. Odd sizes never go into subsampled chroma, except into
/// FFV1, which stores them as they are. Throws Error(kMedia) where nothing fits.
AVPixelFormat EncoderFormat(const AVCodec& codec, const FrameFormat& format);

}  // namespace reelswap::libav
