#pragma once

#include <cstdint>

#include "media/packet_route.h"

extern "C" {
#include <libavutil/audio_fifo.h>
#include <libswresample/swresample.h>
}

namespace reelswap::libav {

struct FreeResampler {
  void operator()(SwrContext* context) const { swr_free(&context); }
};
struct FreeFifo {
  void operator()(AVAudioFifo* fifo) const { av_audio_fifo_free(fifo); }
};

/// Decodes sound and encodes it anew for a container that refuses it as it is. Samples keep their time: holes
/// become silence (one of more than ten minutes stays a hole), overlaps are cut, so nothing drifts. A few
/// packets whose time is far beyond the others' count as damaged. Memory is bounded whatever times a file
/// claims. Not thread-safe.
class AudioTranscoder : public PacketRoute {
 public:
  /// target: AAC or Opus. Throws Error(kMedia) with a clause that says why it is not possible.
  AudioTranscoder(const AVStream& source, AVCodecID target, bool global_header);
  ~AudioTranscoder() override;

  const AVCodecParameters& parameters() const override { return *parameters_; }
  AVRational time_base() const override { return encoder_->time_base; }
  void Keep(double first_seconds, double end_seconds) override;
  void Push(AVPacket* packet, const Sink& sink) override;
  int64_t damaged() const override { return damaged_; }

 private:
  void OpenDecoder(const AVStream& source);
  void OpenEncoder(AVCodecID target, bool global_header);
  void PrepareResampler(const AVFrame& frame);
  void Hear(const AVFrame& frame, const Sink& sink);
  bool IsStray(int64_t at);
  void Append(FrameHandle samples, int64_t at, const Sink& sink);
  void AppendSilence(int64_t count, const Sink& sink);
  void LeaveHole(int64_t at, const Sink& sink);
  void EncodeFull(const Sink& sink);
  void Encode(int count, const Sink& sink);
  void Receive(const Sink& sink);
  FrameHandle NewSamples(int count) const;

  AVRational source_base_;
  Codec decoder_;
  Codec encoder_;
  Parameters parameters_;
  std::unique_ptr<SwrContext, FreeResampler> resampler_;
  int resampled_format_ = -1;  // what the resampler was made for
  int resampled_rate_ = 0;
  int resampled_channels_ = 0;
  std::unique_ptr<AVAudioFifo, FreeFifo> fifo_;
  Packet packet_;
  bool started_ = false;
  int64_t next_ = 0;         // time of the sample after the last one in fifo_, in samples
  int64_t first_ = 0;        // nothing before
  int64_t end_ = INT64_MAX;  // nothing from here on
  int strays_ = 0;           // blocks in turn whose time was too far ahead
  int64_t damaged_ = 0;
};

}  // namespace reelswap::libav
