#include "media/video_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "media/libav_log.h"
#include "media/limits.h"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace reelswap::libav {

namespace {

size_t BytesOf(const AVFrame& frame) {
  size_t bytes = 0;
  for (const AVBufferRef* buffer : frame.buf) bytes += buffer == nullptr ? 0 : buffer->size;
  return bytes;
}

// Uncompressed samples of 9 to 15 bits come in 16 as they are stored; what exceeds the depth is no colour,
// and tables of all colours end there.
void ClampSamples(AVFrame& frame) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (d == nullptr || (d->flags & (AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_FLOAT)) != 0) return;
  const int depth = d->comp[0].depth;
  const bool planar = (d->flags & AV_PIX_FMT_FLAG_PLANAR) != 0 || d->nb_components == 1;
  if (!planar || depth <= 8 || depth >= 16) return;
  if (av_frame_make_writable(&frame) < 0) throw std::bad_alloc();
  const auto most = static_cast<uint16_t>((1 << depth) - 1);
  for (int c = 0; c < d->nb_components; ++c) {
    const AVComponentDescriptor& part = d->comp[c];
    if (part.step != 2 || part.shift != 0) return;  // samples at the upper end of their 16 bits fit always
    const bool chroma = c == 1 || c == 2;
    const int width = chroma ? AV_CEIL_RSHIFT(frame.width, d->log2_chroma_w) : frame.width;
    const int height = chroma ? AV_CEIL_RSHIFT(frame.height, d->log2_chroma_h) : frame.height;
    for (int y = 0; y < height; ++y) {
      auto* row = reinterpret_cast<uint16_t*>(frame.data[part.plane] +
                                              static_cast<ptrdiff_t>(y) * frame.linesize[part.plane]);
      for (int x = 0; x < width; ++x) row[x] = std::min(row[x], most);
    }
  }
}

}  // namespace

int64_t DurationOf(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 0, 100)
  return std::max<int64_t>(frame.duration, 0);
#else
  return std::max<int64_t>(frame.pkt_duration, 0);
#endif
}

bool IsInterlaced(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return frame.interlaced_frame != 0;
#endif
}

bool IsKeyFrame(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  return frame.key_frame != 0;
#endif
}

Codec OpenVideoDecoder(const AVStream& stream, const std::filesystem::path& path, int threads,
                       DecodeEffort effort) {
  const AVCodecParameters& parameters = *stream.codecpar;
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot decode {}: {}", path.string(), why));
  };
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) {
    fail(fmt::format("no decoder for {}: convert it to H.264 first", avcodec_get_name(parameters.codec_id)));
  }
  Codec codec(avcodec_alloc_context3(decoder));
  if (!codec) throw std::bad_alloc();
  int status = avcodec_parameters_to_context(codec.get(), &parameters);
  if (status < 0) fail(CodeText(status));
  codec->pkt_timebase = stream.time_base;
  codec->thread_count = threads;
  codec->max_pixels = kMaxPixels;
  if (effort == DecodeEffort::kDraft) codec->skip_loop_filter = AVDISCARD_BIDIR;
  if (effort == DecodeEffort::kCheck) {
    codec->skip_loop_filter = AVDISCARD_ALL;
    // Checksums where a codec has them (FFV1), and no patience with what cannot be. Decoders copy this into
    // their threads when they open.
    codec->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
  }
  // Film grain that AV1 adds after decoding is no part of what was filmed.
  if (effort != DecodeEffort::kExact) codec->export_side_data |= AV_CODEC_EXPORT_DATA_FILM_GRAIN;
  ForgetMessages();
  status = avcodec_open2(codec.get(), decoder, nullptr);
  if (status < 0)
    fail(Reason(status) + ": the file is damaged or needs another decoder; convert it to H.264 first");
  return codec;
}

VideoDecoder::VideoDecoder(const std::filesystem::path& path, int threads, DecodeEffort effort)
    : file_(path), packet_(NewPacket()) {
  const auto index = file_.MainVideoStream();
  if (!index) {
    throw Error(ErrorKind::kMedia,
                fmt::format("{} has no video stream{}: name a file with pictures", path.string(),
                            file_.AudioStreams().empty() ? "" : ", only sound"));
  }
  stream_ = file_.context()->streams[*index];
  file_.KeepOnly({*index});
  codec_ = OpenVideoDecoder(*stream_, path, threads, effort);
}

void VideoDecoder::Complain(int averror) {
  ++corrupt_;
  if (complaint_.empty()) complaint_ = Reason(averror);
}

bool VideoDecoder::Feed() {
  const bool got = file_.Read(packet_.get());
  if (!got) {
    draining_ = true;
    avcodec_send_packet(codec_.get(), nullptr);
    return false;
  }
  size_t size = 0;
  encrypted_ |= av_packet_get_side_data(packet_.get(), AV_PKT_DATA_ENCRYPTION_INFO, &size) != nullptr;
  const bool corrupt = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
  const int status = avcodec_send_packet(codec_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (status < 0 && status != AVERROR(EAGAIN) && status != AVERROR_EOF) {
    Complain(status);
  } else if (corrupt) {
    Complain(AVERROR_INVALIDDATA);
  }
  return true;
}

FrameHandle VideoDecoder::Decode() {
  // A decoder that only fails while it is emptied would never say that it is empty.
  constexpr int kMostFailures = 1000;
  FrameHandle frame = NewFrame();
  for (;;) {
    const int status = avcodec_receive_frame(codec_.get(), frame.get());
    if (status == 0) {
      if (frame->width <= 0 || frame->height <= 0 || frame->width > kMaxSide || frame->height > kMaxSide) {
        complaint_ = fmt::format("a picture of {} x {} px is too large", frame->width, frame->height);
        ++corrupt_;
        av_frame_unref(frame.get());
        continue;
      }
      if (frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
        Complain(AVERROR_INVALIDDATA);
      }
      if (codec_->codec_id == AV_CODEC_ID_RAWVIDEO) ClampSamples(*frame);
      return frame;
    }
    if (status == AVERROR_EOF) return {};
    if (status == AVERROR(EAGAIN) && !draining_) {
      Feed();
      continue;
    }
    if (status != AVERROR(EAGAIN)) Complain(status);
    if (draining_ && ++failures_while_draining_ > kMostFailures) return {};
  }
}

int64_t VideoDecoder::DurationTicks(const AVFrame& frame) const {
  if (const int64_t told = DurationOf(frame); told > 0) return told;
  const AVRational rate = av_guess_frame_rate(file_.context(), const_cast<AVStream*>(stream_), nullptr);
  if (rate.num <= 0 || rate.den <= 0) return 0;
  return av_rescale_q(1, av_inv_q(rate), stream_->time_base);
}

// Pictures without a time at the very beginning are dated back from the first that has one.
void VideoDecoder::FillHead() {
  constexpr size_t kMostUndated = 32;  // decoders reorder at most 16; each picture here is memory
  constexpr size_t kMostUndatedBytes = size_t{256} << 20;
  size_t bytes = 0;
  int64_t undated_ticks = 0;
  for (;;) {
    FrameHandle frame = Decode();
    if (!frame) break;
    const int64_t time = frame->best_effort_timestamp;
    const bool dated = time != AV_NOPTS_VALUE;
    if (dated) head_start_ = time - undated_ticks;
    undated_ticks += std::max<int64_t>(DurationTicks(*frame), 1);
    bytes += BytesOf(*frame);
    head_.push_back(std::move(frame));
    if (dated) return;
    if (head_.size() >= kMostUndated || bytes >= kMostUndatedBytes) break;
  }
  head_start_ = stream_->start_time != AV_NOPTS_VALUE ? stream_->start_time : 0;
}

VideoDecoder::Picture VideoDecoder::Next() {
  if (!has_last_ && head_.empty()) FillHead();
  Picture picture;
  if (head_.empty()) {
    picture.frame = Decode();
  } else {
    picture.frame = std::move(head_.front());
    head_.pop_front();
  }
  if (!picture.frame) return picture;
  const int64_t told = picture.frame->best_effort_timestamp;
  picture.duration = DurationTicks(*picture.frame);
  if (!has_last_) {
    picture.pts = head_start_;
  } else {
    picture.pts = std::max(told != AV_NOPTS_VALUE ? told : last_pts_ + last_duration_, last_pts_ + 1);
  }
  saw_fields_ |= IsInterlaced(*picture.frame);
  picture.key = IsKeyFrame(*picture.frame);
  picture.dated = told != AV_NOPTS_VALUE && told == picture.pts;
  has_last_ = true;
  last_pts_ = picture.pts;
  last_duration_ = std::max<int64_t>(picture.duration, 1);
  return picture;
}

bool VideoDecoder::SeeksExactly() const {
  const std::string_view demuxer = file_.context()->iformat->name;
  return file_.CanSeek() && (demuxer.starts_with("mov,") || demuxer.starts_with("matroska"));
}

bool VideoDecoder::SeekBefore(double seconds) {
  if (!file_.CanSeek() || !file_.SeekBefore(seconds)) return false;
  avcodec_flush_buffers(codec_.get());
  draining_ = false;
  failures_while_draining_ = 0;
  head_.clear();
  has_last_ = false;
  return true;
}

}  // namespace reelswap::libav
