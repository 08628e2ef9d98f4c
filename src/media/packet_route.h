#pragma once

#include <functional>

#include "media/libav_handles.h"

namespace reelswap::libav {

/// Turns the packets of one stream into packets of another codec. Not thread-safe.
class PacketRoute {
 public:
  /// Takes finished packets, with times in ticks of time_base().
  using Sink = std::function<void(AVPacket*)>;

  virtual ~PacketRoute() = default;
  /// Of the stream that comes out.
  virtual const AVCodecParameters& parameters() const = 0;
  virtual AVRational time_base() const = 0;
  /// Nothing outside [first, end) seconds, on the clock of the packets, comes out.
  virtual void Keep(double first_seconds, double end_seconds) = 0;
  /// packet: times in ticks of the source stream; nullptr: no more come.
  virtual void Push(AVPacket* packet, const Sink& sink) = 0;
  /// Packets that could not be decoded.
  virtual int64_t damaged() const = 0;
};

}  // namespace reelswap::libav
