#include "media/audio_transcoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>

#include "core/error.h"
#include "media/libav_log.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>
}

namespace reelswap::libav {
namespace {

// Sound that nobody can tell from the source: about what encoders call transparent, per channel.
constexpr int64_t kAacBitsPerChannel = 96'000;
constexpr int64_t kOpusBitsPerChannel = 64'000;
constexpr int kOpusRate = 48000;
constexpr int kMostChannels = 8;
// Containers round times, Matroska to a millisecond; less than this is no hole.
constexpr double kToleranceSeconds = 0.02;
// Silence is written and encoded in blocks of this many samples.
constexpr int64_t kSilenceBlock = 48000;
// A longer hole is not filled: a damaged time would make hours of silence.
constexpr int64_t kLongestFilledSeconds = 600;
// So many blocks in turn beyond such a hole say that it is one; fewer are damaged times.
constexpr int kStrayBlocks = 8;
// Times beyond this, in samples, are none, and sums of them would not fit.
constexpr int64_t kMostSamples = int64_t{1} << 60;

[[noreturn]] void Fail(const std::string& clause) { throw Error(ErrorKind::kMedia, clause); }

int RateFor(const AVCodec& codec, int wanted) {
  if (codec.id == AV_CODEC_ID_OPUS) return kOpusRate;
  int best = 0;
  for (const int* rate = codec.supported_samplerates; rate != nullptr && *rate != 0; ++rate) {
    if (*rate == wanted) return wanted;
    // The next one above loses nothing.
    const bool better =
        best == 0 || (*rate > wanted ? best < wanted || *rate < best : best<wanted&& * rate> best);
    if (better) best = *rate;
  }
  return best == 0 ? wanted : best;
}

}  // namespace

AudioTranscoder::AudioTranscoder(const AVStream& source, AVCodecID target, bool global_header)
    : source_base_(source.time_base), packet_(NewPacket()) {
  OpenDecoder(source);
  OpenEncoder(target, global_header);
  fifo_.reset(
      av_audio_fifo_alloc(encoder_->sample_fmt, encoder_->ch_layout.nb_channels, encoder_->frame_size + 1));
  if (!fifo_) throw std::bad_alloc();
}

AudioTranscoder::~AudioTranscoder() = default;

void AudioTranscoder::OpenDecoder(const AVStream& source) {
  const AVCodec* codec = avcodec_find_decoder(source.codecpar->codec_id);
  if (codec == nullptr) Fail("it cannot be decoded");
  decoder_.reset(avcodec_alloc_context3(codec));
  if (!decoder_) throw std::bad_alloc();
  ForgetMessages();
  int status = avcodec_parameters_to_context(decoder_.get(), source.codecpar);
  decoder_->pkt_timebase = source.time_base;
  decoder_->thread_count = 1;
  if (status >= 0) status = avcodec_open2(decoder_.get(), codec, nullptr);
  if (status < 0) Fail("it cannot be decoded: " + Reason(status));
  if (decoder_->sample_rate <= 0 || decoder_->ch_layout.nb_channels <= 0)
    Fail("its sample rate is not known");
}

void AudioTranscoder::OpenEncoder(AVCodecID target, bool global_header) {
  const AVCodec* codec =
      target == AV_CODEC_ID_OPUS ? avcodec_find_encoder_by_name("libopus") : avcodec_find_encoder(target);
  if (codec == nullptr) Fail(fmt::format("this FFmpeg has no encoder for {}", avcodec_get_name(target)));
  encoder_.reset(avcodec_alloc_context3(codec));
  if (!encoder_) throw std::bad_alloc();
  encoder_->sample_fmt = codec->sample_fmts == nullptr ? AV_SAMPLE_FMT_FLTP : codec->sample_fmts[0];
  encoder_->sample_rate = RateFor(*codec, decoder_->sample_rate);
  encoder_->time_base = {1, encoder_->sample_rate};
  encoder_->thread_count = 1;
  const int channels = decoder_->ch_layout.nb_channels;
  if (channels <= kMostChannels) {
    av_channel_layout_default(&encoder_->ch_layout, channels);
  } else {
    av_channel_layout_default(&encoder_->ch_layout, 2);
  }
  const bool opus = target == AV_CODEC_ID_OPUS;
  encoder_->bit_rate = encoder_->ch_layout.nb_channels * (opus ? kOpusBitsPerChannel : kAacBitsPerChannel);
  if (global_header) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  ForgetMessages();
  const int status = avcodec_open2(encoder_.get(), codec, nullptr);
  if (status < 0) Fail(fmt::format("the encoder {} does not open: {}", codec->name, Reason(status)));
  parameters_ = NewParameters();
  if (avcodec_parameters_from_context(parameters_.get(), encoder_.get()) < 0) throw std::bad_alloc();
}

void AudioTranscoder::Keep(double first_seconds, double end_seconds) {
  const double rate = encoder_->sample_rate;
  first_ = std::isfinite(first_seconds) ? std::llround(first_seconds * rate) : 0;
  end_ = std::isfinite(end_seconds) ? std::llround(end_seconds * rate) : INT64_MAX;
}

FrameHandle AudioTranscoder::NewSamples(int count) const {
  FrameHandle frame = NewFrame();
  frame->format = encoder_->sample_fmt;
  frame->sample_rate = encoder_->sample_rate;
  frame->nb_samples = count;
  if (av_channel_layout_copy(&frame->ch_layout, &encoder_->ch_layout) < 0 ||
      av_frame_get_buffer(frame.get(), 0) < 0) {
    throw std::bad_alloc();
  }
  return frame;
}

void AudioTranscoder::PrepareResampler(const AVFrame& frame) {
  const bool same = resampler_ && resampled_format_ == frame.format && resampled_rate_ == frame.sample_rate &&
                    resampled_channels_ == frame.ch_layout.nb_channels;
  if (same) return;
  AVChannelLayout from{};
  if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&from, frame.ch_layout.nb_channels);
  } else if (av_channel_layout_copy(&from, &frame.ch_layout) < 0) {
    throw std::bad_alloc();
  }
  SwrContext* raw = nullptr;
  int status =
      swr_alloc_set_opts2(&raw, &encoder_->ch_layout, encoder_->sample_fmt, encoder_->sample_rate, &from,
                          static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  av_channel_layout_uninit(&from);
  resampler_.reset(raw);
  if (status >= 0) status = swr_init(resampler_.get());
  if (status < 0) Fail("sound cannot be converted: " + Reason(status));
  resampled_format_ = frame.format;
  resampled_rate_ = frame.sample_rate;
  resampled_channels_ = frame.ch_layout.nb_channels;
}

void AudioTranscoder::Hear(const AVFrame& frame, const Sink& sink) {
  PrepareResampler(frame);
  const int64_t delay = swr_get_delay(resampler_.get(), encoder_->sample_rate);
  const int64_t pts = frame.best_effort_timestamp != AV_NOPTS_VALUE ? frame.best_effort_timestamp : frame.pts;
  int64_t at = pts == AV_NOPTS_VALUE ? next_ : av_rescale_q(pts, source_base_, encoder_->time_base);
  if (at > kMostSamples || at < -kMostSamples) {
    ++damaged_;
    at = next_;
  } else if (pts != AV_NOPTS_VALUE) {
    at -= delay;
  }
  const int room = swr_get_out_samples(resampler_.get(), frame.nb_samples);
  if (room <= 0) return;
  FrameHandle samples = NewSamples(room);
  const int got = swr_convert(resampler_.get(), samples->data, room,
                              const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
  if (got < 0) Fail("sound cannot be converted: " + Reason(got));
  samples->nb_samples = got;
  if (IsStray(at)) return;
  Append(std::move(samples), at, sink);
  EncodeFull(sink);
}

// Whether samples that begin at `at` are too far ahead to be believed.
bool AudioTranscoder::IsStray(int64_t at) {
  const bool far = started_ && at - next_ > kLongestFilledSeconds * encoder_->sample_rate;
  if (!far) {
    strays_ = 0;
    return false;
  }
  if (strays_ >= kStrayBlocks) return false;
  ++strays_;
  ++damaged_;
  return true;
}

// Goes on at `at` without sound before it; the encoder wants its blocks full.
void AudioTranscoder::LeaveHole(int64_t at, const Sink& sink) {
  const int rest = av_audio_fifo_size(fifo_.get());
  if (rest > 0) AppendSilence(encoder_->frame_size - rest, sink);
  next_ = at;
}

void AudioTranscoder::AppendSilence(int64_t count, const Sink& sink) {
  while (count > 0) {
    const int block = static_cast<int>(std::min(count, kSilenceBlock));
    const FrameHandle silence = NewSamples(block);
    av_samples_set_silence(silence->data, 0, block, encoder_->ch_layout.nb_channels, encoder_->sample_fmt);
    if (av_audio_fifo_write(fifo_.get(), reinterpret_cast<void**>(silence->data), block) < block)
      throw std::bad_alloc();
    next_ += block;
    count -= block;
    EncodeFull(sink);
  }
}

// Puts samples that begin at `at` where they belong.
void AudioTranscoder::Append(FrameHandle samples, int64_t at, const Sink& sink) {
  const auto tolerance = static_cast<int64_t>(kToleranceSeconds * encoder_->sample_rate);
  int64_t skip = 0;
  if (!started_) {
    if (at + samples->nb_samples <= first_) return;
    next_ = std::max(at, first_);
    skip = next_ - at;
    started_ = true;
  } else if (at - next_ > tolerance) {
    const int64_t to = std::min(at, end_);
    if (to - next_ > kLongestFilledSeconds * encoder_->sample_rate) {
      LeaveHole(to, sink);
    } else {
      AppendSilence(to - next_, sink);
    }
  } else if (next_ - at > tolerance) {
    skip = next_ - at;
  }
  const int64_t count = std::min<int64_t>(samples->nb_samples - skip, end_ - next_);
  if (count <= 0) return;
  const FrameHandle kept = NewSamples(static_cast<int>(count));
  av_samples_copy(kept->data, samples->data, 0, static_cast<int>(skip), static_cast<int>(count),
                  encoder_->ch_layout.nb_channels, encoder_->sample_fmt);
  const int wrote =
      av_audio_fifo_write(fifo_.get(), reinterpret_cast<void**>(kept->data), static_cast<int>(count));
  if (wrote < count) throw std::bad_alloc();
  next_ += count;
}

void AudioTranscoder::Encode(int count, const Sink& sink) {
  const FrameHandle frame = NewSamples(count);
  frame->pts = next_ - av_audio_fifo_size(fifo_.get());
  if (av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->data), count) < count)
    throw std::bad_alloc();
  const int status = avcodec_send_frame(encoder_.get(), frame.get());
  if (status < 0) Fail("sound cannot be encoded: " + Reason(status));
  Receive(sink);
}

void AudioTranscoder::EncodeFull(const Sink& sink) {
  while (av_audio_fifo_size(fifo_.get()) >= encoder_->frame_size) Encode(encoder_->frame_size, sink);
}

void AudioTranscoder::Receive(const Sink& sink) {
  for (;;) {
    const int status = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
    if (status < 0) Fail("sound cannot be encoded: " + Reason(status));
    sink(packet_.get());
    av_packet_unref(packet_.get());
  }
}

void AudioTranscoder::Push(AVPacket* packet, const Sink& sink) {
  if (avcodec_send_packet(decoder_.get(), packet) < 0 && packet != nullptr) ++damaged_;
  const FrameHandle frame = NewFrame();
  constexpr int kMostFailures = 1000;  // a decoder that only fails while it is emptied
  for (int failures = 0; failures < kMostFailures;) {
    const int status = avcodec_receive_frame(decoder_.get(), frame.get());
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) break;
    if (status < 0) {
      ++damaged_;
      ++failures;
      continue;
    }
    if (frame->nb_samples > 0) Hear(*frame, sink);
    av_frame_unref(frame.get());
  }
  if (packet != nullptr) return;
  if (const int rest = av_audio_fifo_size(fifo_.get()); rest > 0) Encode(rest, sink);
  avcodec_send_frame(encoder_.get(), nullptr);
  Receive(sink);
}

}  // namespace reelswap::libav
