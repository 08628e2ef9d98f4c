#include "media/audio_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "media/libav_log.h"
#include "media/muxer.h"

extern "C" {
#include <libavutil/channel_layout.h>
}

namespace reelswap {
namespace {

constexpr int64_t kBitRate = 96000;

bool AacTakesRate(const AVCodec& codec, int rate) {
  for (const int* r = codec.supported_samplerates; r != nullptr && *r != 0; ++r) {
    if (*r == rate) return true;
  }
  return false;
}

libav::Codec OpenAac(int sample_rate, bool global_header) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (codec == nullptr)
    throw Error(ErrorKind::kMissingTool, "this FFmpeg has no AAC encoder: install Debian's libavcodec");
  if (!AacTakesRate(*codec, sample_rate)) {
    throw std::invalid_argument(fmt::format("AAC knows no sample rate of {} Hz", sample_rate));
  }
  libav::Codec context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context->sample_rate = sample_rate;
  context->bit_rate = kBitRate;
  context->time_base = {1, sample_rate};
  av_channel_layout_default(&context->ch_layout, 1);
  if (global_header) context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  const int status = avcodec_open2(context.get(), codec, nullptr);
  if (status < 0) throw Error(ErrorKind::kMedia, "the AAC encoder does not open: " + libav::Reason(status));
  return context;
}

libav::FrameHandle Block(const AVCodecContext& codec, std::span<const float> samples, int64_t pts) {
  libav::FrameHandle frame = libav::NewFrame();
  frame->format = codec.sample_fmt;
  frame->sample_rate = codec.sample_rate;
  frame->nb_samples = static_cast<int>(samples.size());
  frame->pts = pts;
  if (av_channel_layout_copy(&frame->ch_layout, &codec.ch_layout) < 0 ||
      av_frame_get_buffer(frame.get(), 0) < 0) {
    throw std::bad_alloc();
  }
  auto* out = reinterpret_cast<float*>(frame->data[0]);
  std::transform(samples.begin(), samples.end(), out, [](float s) { return std::clamp(s, -1.0f, 1.0f); });
  return frame;
}

}  // namespace

void WriteAudioFile(const std::filesystem::path& path, std::span<const float> mono_samples, int sample_rate) {
  if (mono_samples.empty()) throw std::invalid_argument("WriteAudioFile needs samples");
  libav::Muxer muxer(path);
  const libav::Codec codec = OpenAac(sample_rate, muxer.WantsGlobalHeader());
  AVStream* stream = avformat_new_stream(muxer.context(), nullptr);
  if (stream == nullptr || avcodec_parameters_from_context(stream->codecpar, codec.get()) < 0)
    throw std::bad_alloc();
  stream->time_base = codec->time_base;
  muxer.WriteHeader({}, 0, 0);

  const libav::Packet packet = libav::NewPacket();
  const auto encode = [&](const AVFrame* frame) {
    int status = avcodec_send_frame(codec.get(), frame);
    while (status >= 0 && (status = avcodec_receive_packet(codec.get(), packet.get())) >= 0) {
      av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
      packet->stream_index = 0;
      status = muxer.Write(packet.get());
    }
    if (status != AVERROR(EAGAIN) && status != AVERROR_EOF) {
      throw Error(ErrorKind::kMedia,
                  fmt::format("cannot encode {}: {}", path.string(), libav::Reason(status)));
    }
  };
  const auto block = static_cast<size_t>(codec->frame_size);
  for (size_t at = 0; at < mono_samples.size(); at += block) {
    const auto samples = mono_samples.subspan(at, std::min(block, mono_samples.size() - at));
    encode(Block(*codec, samples, static_cast<int64_t>(at)).get());
  }
  encode(nullptr);
  muxer.WriteTrailer();
  muxer.Commit();
}

}  // namespace reelswap
