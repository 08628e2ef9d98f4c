#include "media/video_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "media/encoder_settings.h"
#include "media/libav_log.h"
#include "media/limits.h"

namespace reelswap::libav {
namespace {

void CheckVideo(const VideoInfo& video) {
  const FrameFormat& f = video.format;
  if (f.width <= 0 || f.height <= 0) throw std::invalid_argument("VideoInfo::format has no size");
  if (video.time_base.num <= 0 || video.time_base.den <= 0) {
    throw std::invalid_argument("VideoInfo::time_base must be positive");
  }
  if (f.width > kMaxSide || f.height > kMaxSide) {
    throw Error(ErrorKind::kMedia, fmt::format("cannot write pictures of {} x {} px: at most {} px a side",
                                               f.width, f.height, kMaxSide));
  }
  if (PlanarFormat(f) == AV_PIX_FMT_NONE) throw std::invalid_argument("VideoInfo::format is no known layout");
}

void Configure(AVCodecContext& codec, const VideoInfo& video, const EncoderOptions& options,
               AVPixelFormat format) {
  codec.width = video.format.width;
  codec.height = video.format.height;
  codec.pix_fmt = format;
  codec.time_base = ToAv(video.time_base);
  // The rate only guides rate control and levels, times come from pts; without one, 25 is as good as any.
  const bool known_rate = video.frame_rate.num > 0 && video.frame_rate.den > 0;
  codec.framerate = known_rate ? ToAv(video.frame_rate) : AVRational{25, 1};
  codec.sample_aspect_ratio = ToAv(video.sample_aspect);
  codec.color_primaries = static_cast<AVColorPrimaries>(video.color_primaries);
  codec.color_trc = static_cast<AVColorTransferCharacteristic>(video.color_transfer);
  codec.colorspace = static_cast<AVColorSpace>(video.color_space);
  codec.color_range = video.format.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  codec.thread_count = options.threads;
}

void FreeOwner(void* opaque, uint8_t*) { delete static_cast<std::shared_ptr<const void>*>(opaque); }

}  // namespace

VideoEncoder::VideoEncoder(const VideoInfo& video, const EncoderOptions& options, bool global_header)
    : format_(video.format) {
  InitLibav();
  CheckVideo(video);
  const EncoderSettings settings = SettingsFor(options);
  const AVPixelFormat source = PlanarFormat(format_);
  const AVPixelFormat target = EncoderFormat(*settings.codec, format_);
  from_ = {format_.width, format_.height, source, format_.full_range, format_.matrix};
  to_ = from_;
  to_.format = target;
  if (target != source) {
    note_ = fmt::format("{} x {} px {} is encoded as {}, which {} takes", format_.width, format_.height,
                        av_get_pix_fmt_name(source), av_get_pix_fmt_name(target), settings.codec->name);
  }
  codec_.reset(avcodec_alloc_context3(settings.codec));
  if (!codec_) throw std::bad_alloc();
  Configure(*codec_, video, options, target);
  if (global_header) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  Options dict;
  for (const auto& [key, value] : settings.options) dict.Set(key.c_str(), value);
  ForgetMessages();
  const int status = avcodec_open2(codec_.get(), settings.codec, dict.address());
  if (status < 0) {
    throw Error(ErrorKind::kMedia, fmt::format("the encoder {} does not open for {} x {} px {}: {}: try h264",
                                               settings.codec->name, format_.width, format_.height,
                                               av_get_pix_fmt_name(target), Reason(status)));
  }
  if (const char* unused = dict.FirstUnused()) {
    throw Error(ErrorKind::kMedia, fmt::format("the encoder {} of this FFmpeg has no option '{}': try h264",
                                               settings.codec->name, unused));
  }
}

FrameHandle VideoEncoder::Wrap(const Frame& frame) const {
  FrameHandle picture = NewFrame();
  picture->format = from_.format;
  picture->width = format_.width;
  picture->height = format_.height;
  auto* owner = new std::shared_ptr<const void>(frame.planes().owner);
  // One reference stands for all planes; libav copies pictures that have none.
  const size_t bytes = static_cast<size_t>(frame.planes().stride_bytes[0]) * format_.height;
  picture->buf[0] =
      av_buffer_create(frame.planes().data[0], bytes, FreeOwner, owner, AV_BUFFER_FLAG_READONLY);
  if (picture->buf[0] == nullptr) {
    delete owner;
    throw std::bad_alloc();
  }
  for (int p = 0; p < format_.PlaneCount(); ++p) {
    picture->data[p] = frame.planes().data[p];
    picture->linesize[p] = frame.planes().stride_bytes[p];
  }
  return picture;
}

void VideoEncoder::Send(const Frame& frame, int64_t pts) {
  if (frame.empty() || !(frame.format() == format_)) {
    throw std::invalid_argument("a frame's format differs from WriteOptions::video.format");
  }
  FrameHandle picture = Wrap(frame);
  if (to_ != from_) picture = converter_.Convert(*picture, from_, to_);
  picture->pts = pts;
  picture->color_range = codec_->color_range;
  picture->colorspace = codec_->colorspace;
  picture->color_primaries = codec_->color_primaries;
  picture->color_trc = codec_->color_trc;
  picture->sample_aspect_ratio = codec_->sample_aspect_ratio;
  ForgetMessages();
  const int status = avcodec_send_frame(codec_.get(), picture.get());
  if (status < 0) {
    throw Error(ErrorKind::kMedia,
                fmt::format("the encoder {} failed: {}", codec_->codec->name, Reason(status)));
  }
}

void VideoEncoder::SendEnd() {
  const int status = avcodec_send_frame(codec_.get(), nullptr);
  if (status < 0 && status != AVERROR_EOF) {
    throw Error(ErrorKind::kMedia,
                fmt::format("the encoder {} failed: {}", codec_->codec->name, Reason(status)));
  }
}

bool VideoEncoder::Receive(AVPacket* packet) {
  const int status = avcodec_receive_packet(codec_.get(), packet);
  if (status == 0) return true;
  if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return false;
  throw Error(ErrorKind::kMedia,
              fmt::format("the encoder {} failed: {}", codec_->codec->name, Reason(status)));
}

}  // namespace reelswap::libav
