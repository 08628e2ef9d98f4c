#include "media/subtitle_converter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "core/error.h"
#include "media/libav_log.h"

namespace reelswap::libav {
namespace {

// One subtitle is a line or two; libav's own programs reserve this much.
constexpr size_t kMostBytes = size_t{1} << 20;

[[noreturn]] void Fail(const std::string& clause) { throw Error(ErrorKind::kMedia, clause); }

bool IsText(AVCodecID id) {
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(id);
  return descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_TEXT_SUB) != 0;
}

}  // namespace

SubtitleConverter::SubtitleConverter(const AVStream& source, AVCodecID target)
    : source_base_(source.time_base), packet_(NewPacket()) {
  const AVCodecID id = source.codecpar->codec_id;
  if (!IsText(id)) Fail("it is made of pictures, use .mkv to keep it");
  const AVCodec* decoder = avcodec_find_decoder(id);
  const AVCodec* encoder = avcodec_find_encoder(target);
  if (decoder == nullptr) Fail("it cannot be decoded");
  if (encoder == nullptr) Fail(fmt::format("this FFmpeg writes no {}", avcodec_get_name(target)));
  decoder_.reset(avcodec_alloc_context3(decoder));
  encoder_.reset(avcodec_alloc_context3(encoder));
  if (!decoder_ || !encoder_) throw std::bad_alloc();
  ForgetMessages();
  int status = avcodec_parameters_to_context(decoder_.get(), source.codecpar);
  decoder_->pkt_timebase = source.time_base;
  if (status >= 0) status = avcodec_open2(decoder_.get(), decoder, nullptr);
  if (status < 0) Fail("it cannot be decoded: " + Reason(status));
  encoder_->time_base = time_base();
  encoder_->width = decoder_->width;
  encoder_->height = decoder_->height;
  if (decoder_->subtitle_header_size > 0) {
    const auto size = static_cast<size_t>(decoder_->subtitle_header_size);
    encoder_->subtitle_header = static_cast<uint8_t*>(av_mallocz(size + 1));
    if (encoder_->subtitle_header == nullptr) throw std::bad_alloc();
    std::memcpy(encoder_->subtitle_header, decoder_->subtitle_header, size);
    encoder_->subtitle_header_size = static_cast<int>(size);
  }
  status = avcodec_open2(encoder_.get(), encoder, nullptr);
  if (status < 0) Fail(fmt::format("the encoder {} does not open: {}", encoder->name, Reason(status)));
  parameters_ = NewParameters();
  if (avcodec_parameters_from_context(parameters_.get(), encoder_.get()) < 0) throw std::bad_alloc();
}

void SubtitleConverter::Push(AVPacket* packet, const Sink& sink) {
  if (packet == nullptr) return;  // text decoders hold nothing back
  AVSubtitle subtitle{};
  int got = 0;
  const int status = avcodec_decode_subtitle2(decoder_.get(), &subtitle, &got, packet);
  if (status < 0) ++damaged_;
  if (status < 0 || got == 0) return;
  subtitle.pts = av_rescale_q(packet->pts, source_base_, AV_TIME_BASE_Q);
  // Some decoders do not tell for how long; the packet does.
  if (subtitle.end_display_time == 0 || subtitle.end_display_time == UINT32_MAX) {
    subtitle.end_display_time = static_cast<uint32_t>(
        std::max<int64_t>(0, av_rescale_q(packet->duration, source_base_, AVRational{1, 1000})));
  }
  try {
    if (subtitle.num_rects > 0) Write(subtitle, sink);
  } catch (...) {
    avsubtitle_free(&subtitle);
    throw;
  }
  avsubtitle_free(&subtitle);
}

void SubtitleConverter::Write(AVSubtitle& subtitle, const Sink& sink) {
  // Encoders want the time on screen to begin with the packet.
  const int64_t begins_ms =
      av_rescale_q(subtitle.pts, AV_TIME_BASE_Q, AVRational{1, 1000}) + subtitle.start_display_time;
  subtitle.pts += av_rescale_q(subtitle.start_display_time, AVRational{1, 1000}, AV_TIME_BASE_Q);
  subtitle.end_display_time -= std::min(subtitle.start_display_time, subtitle.end_display_time);
  subtitle.start_display_time = 0;
  std::vector<uint8_t> bytes(kMostBytes);
  ForgetMessages();
  const int size =
      avcodec_encode_subtitle(encoder_.get(), bytes.data(), static_cast<int>(bytes.size()), &subtitle);
  if (size < 0) {
    ++damaged_;
    return;
  }
  if (size == 0 || av_new_packet(packet_.get(), size) < 0) return;
  std::memcpy(packet_->data, bytes.data(), static_cast<size_t>(size));
  packet_->pts = packet_->dts = begins_ms;
  packet_->duration = subtitle.end_display_time;
  packet_->flags |= AV_PKT_FLAG_KEY;
  sink(packet_.get());
  av_packet_unref(packet_.get());
}

}  // namespace reelswap::libav
