#pragma once

#include <cstdint>

#include "media/packet_route.h"

namespace reelswap::libav {

/// Writes text subtitles in another text format. Not thread-safe.
class SubtitleConverter : public PacketRoute {
 public:
  /// target: mov_text, subrip, ass, webvtt. Throws Error(kMedia) with a clause that says why it is not
  /// possible (subtitles that are pictures).
  SubtitleConverter(const AVStream& source, AVCodecID target);

  const AVCodecParameters& parameters() const override { return *parameters_; }
  AVRational time_base() const override { return {1, 1000}; }
  void Keep(double, double) override {}  // StreamCopier has cut the packets
  void Push(AVPacket* packet, const Sink& sink) override;
  int64_t damaged() const override { return damaged_; }

 private:
  void Write(AVSubtitle& subtitle, const Sink& sink);

  AVRational source_base_;
  Codec decoder_;
  Codec encoder_;
  Parameters parameters_;
  Packet packet_;
  int64_t damaged_ = 0;
};

}  // namespace reelswap::libav
