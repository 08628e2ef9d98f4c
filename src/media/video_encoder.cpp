#include "media/video_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "media/encoder_settings.h"
#include "media/hardware_encoder.h"
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
  codec.chroma_sample_location = static_cast<AVChromaLocation>(video.chroma_location);
  codec.thread_count = options.threads;
  codec.flags |= AV_CODEC_FLAG_CLOSED_GOP;
}

std::string VersionText(unsigned version) {
  return fmt::format("{}.{}.{}", AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                     AV_VERSION_MICRO(version));
}

// How many threads encode says nothing about what comes out.
std::string WithoutThreads(std::string parameters) {
  for (const char* key : {"pools=", "lp="}) {
    const size_t at = parameters.find(key);
    if (at == std::string::npos) continue;
    const size_t end = parameters.find(':', at);
    parameters.erase(at > 0 ? at - 1 : 0,
                     (end == std::string::npos ? parameters.size() : end) - (at > 0 ? at - 1 : 0));
  }
  return parameters;
}

void FreeOwner(void* opaque, uint8_t*) { delete static_cast<std::shared_ptr<const void>*>(opaque); }

}  // namespace

VideoEncoder::VideoEncoder(const VideoInfo& video, const EncoderOptions& options, bool global_header)
    : format_(video.format) {
  InitLibav();
  CheckVideo(video);
  const HardwareChoice hardware = ChooseHardware(video, options);
  note_ = hardware.note;
  EncoderOptions chosen = options;
  chosen.codec = hardware.encoder;
  if (hardware.encoder == options.codec) {
    Open(video, chosen, global_header);
    return;
  }
  try {
    Open(video, chosen, global_header);
  } catch (const Error& error) {
    // What worked on trial may be busy now: devices have few sessions, and others use them.
    codec_.reset();
    device_frames_.reset();
    description_.clear();
    note_ =
        fmt::format("{} did not open a second time, software encodes ({})", hardware.encoder, error.what());
    Open(video, options, global_header);
  }
}

void VideoEncoder::Open(const VideoInfo& video, const EncoderOptions& options, bool global_header) {
  const EncoderSettings settings = SettingsFor(options, video);
  const AVPixelFormat source = PlanarFormat(format_);
  const bool on_device = NeedsDevice(*settings.codec);
  const AVPixelFormat target = on_device ? DeviceFormat(format_) : EncoderFormat(*settings.codec, format_);
  from_ = {format_.width, format_.height, source, format_.full_range, format_.matrix};
  to_ = from_;
  to_.format = target;
  const AVPixFmtDescriptor* given = av_pix_fmt_desc_get(source);
  const AVPixFmtDescriptor* taken = av_pix_fmt_desc_get(target);
  const bool same_samples =
      given->nb_components == taken->nb_components && given->comp[0].depth == taken->comp[0].depth &&
      given->log2_chroma_w == taken->log2_chroma_w && given->log2_chroma_h == taken->log2_chroma_h;
  if (!same_samples) {
    note_ += fmt::format("{}{} x {} px {} is encoded as {}, which {} takes", note_.empty() ? "" : "; ",
                         format_.width, format_.height, given->name, taken->name, settings.codec->name);
  }
  codec_.reset(avcodec_alloc_context3(settings.codec));
  if (!codec_) throw std::bad_alloc();
  Configure(*codec_, video, options, target);
  if (on_device) {
    device_frames_ = NewDeviceFrames(format_.width, format_.height, target);
    codec_->pix_fmt = AV_PIX_FMT_VAAPI;
    codec_->hw_frames_ctx = av_buffer_ref(device_frames_.get());
  }
  if (global_header) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  Options dict;
  for (const auto& [key, value] : settings.options) {
    dict.Set(key.c_str(), value);
    description_ += fmt::format(" {}={}", key, key.ends_with("params") ? WithoutThreads(value) : value);
  }
  description_ = fmt::format(
      "{}{}; {} x {} px {}, {} range, colours {}/{}/{}; ticks of {}/{} s; libavcodec {}",
      settings.codec->name, description_, format_.width, format_.height, taken->name,
      format_.full_range ? "full" : "limited", video.color_primaries, video.color_transfer, video.color_space,
      video.time_base.num, video.time_base.den, VersionText(avcodec_version()));
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
  picture->chroma_location = codec_->chroma_sample_location;
  picture->sample_aspect_ratio = codec_->sample_aspect_ratio;
  if (device_frames_) picture = Upload(*picture, *device_frames_);
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
