#pragma once

#include <string>

#include "media/frame_converter.h"
#include "media/libav_handles.h"
#include "media/video_writer.h"

namespace reelswap::libav {

/// Frames in, packets out. Times are ticks of video.time_base, unchanged. Not thread-safe.
class VideoEncoder {
 public:
  /// Throws Error(kMedia) for an encoder, preset, crf or size that does not work.
  VideoEncoder(const VideoInfo& video, const EncoderOptions& options, bool global_header);

  const AVCodecContext& codec() const { return *codec_; }
  /// What the encoder could not take as it is ("12-bit pictures are encoded with 10 bits"), or empty.
  const std::string& note() const { return note_; }
  /// Encoder, settings, format and libav's version in one line: what is encoded alike has the same. Threads
  /// are no part of it.
  const std::string& description() const { return description_; }

  /// The frame's planes are held by reference until they are encoded.
  void Send(const Frame& frame, int64_t pts);
  /// No more frames come.
  void SendEnd();
  /// False: no packet is ready. Packets carry the encoder's time base and the right stream's order.
  bool Receive(AVPacket* packet);

 private:
  void Open(const VideoInfo& video, const EncoderOptions& options, bool global_header);
  FrameHandle Wrap(const Frame& frame) const;

  FrameFormat format_;
  Buffer device_frames_;  // only for encoders that take pictures in a device's memory
  Codec codec_;
  PictureConverter converter_;
  PictureConverter::Layout from_;
  PictureConverter::Layout to_;
  std::string note_;
  std::string description_;
};

}  // namespace reelswap::libav
