#include "media/hardware_encoder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "media/encoder_settings.h"
#include "media/libav_log.h"
#include "media/video_encoder.h"

extern "C" {
#include <libavutil/hwcontext.h>
}

namespace reelswap::libav {
namespace {

// Pictures in flight on the device: what VAAPI encoders look ahead, and a few for us.
constexpr int kDevicePool = 20;

std::vector<std::string> Candidates(const std::string& codec) {
  if (codec == "h264" || codec == "hevc") return {codec + "_nvenc", codec + "_vaapi"};
  if (codec == "av1") return {"av1_nvenc", "av1_vaapi"};
  return {};
}

// What a picture would lose in this encoder that software keeps; empty for nothing.
std::string LossIn(const AVCodec& encoder, const FrameFormat& format) {
  const AVPixelFormat target = NeedsDevice(encoder) ? DeviceFormat(format) : EncoderFormat(encoder, format);
  const AVPixFmtDescriptor* taken = av_pix_fmt_desc_get(target);
  if (taken->comp[0].depth < format.bit_depth) {
    return fmt::format("it takes {} of the {} bits of a sample", taken->comp[0].depth, format.bit_depth);
  }
  const bool coarser =
      taken->log2_chroma_w > format.chroma_shift_x || taken->log2_chroma_h > format.chroma_shift_y;
  return !format.gray && coarser ? "it takes colour in less detail than the video has" : "";
}

// Why the device cannot encode a picture of this format; empty when it can.
std::string WhyNot(const VideoInfo& video, const EncoderOptions& options) {
  try {
    VideoEncoder trial(video, options, true);
    trial.Send(Frame::Black(video.format, 0, 0), 0);
    trial.SendEnd();
    return trial.Receive(NewPacket().get()) ? "" : "it gives no packet";
  } catch (const Error& error) {
    return error.what();  // that is the answer
  }
}

// Why this encoder is not for such a video whatever the device says; empty when it may be.
std::string WhyNeverIn(const VideoInfo& video, const EncoderOptions& options) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(options.codec.c_str());
  if (encoder == nullptr) return "not in this FFmpeg";
  try {
    SettingsFor(options, video);
    return LossIn(*encoder, video.format);
  } catch (const Error& error) {
    return error.what();  // that is the answer
  }
}

}  // namespace

HardwareChoice ChooseHardware(const VideoInfo& video, const EncoderOptions& options) {
  if (options.hardware == "off") return {options.codec, ""};
  if (options.hardware != "auto") {
    throw Error(ErrorKind::kMedia,
                fmt::format("encoder hardware '{}' is not known: use auto or off", options.hardware));
  }
  static std::mutex mutex;
  static std::map<std::string, std::string> known;  // encoder, settings and format -> why the device cannot
  const std::lock_guard lock(mutex);
  std::vector<std::string> reasons;
  for (const std::string& encoder : Candidates(options.codec)) {
    EncoderOptions trial = options;
    trial.codec = encoder;
    trial.hardware = "off";
    std::string why = WhyNeverIn(video, trial);
    if (why.empty()) {
      const FrameFormat& f = video.format;
      const std::string key =
          fmt::format("{} {} {} {} {} {} {} {} {}", encoder, f.width, f.height, f.bit_depth, f.chroma_shift_x,
                      f.chroma_shift_y, f.gray, options.preset, options.crf);
      auto entry = known.find(key);
      if (entry == known.end()) entry = known.emplace(key, WhyNot(video, trial)).first;
      why = entry->second;
    }
    if (why.empty()) return {encoder, ""};
    reasons.push_back(fmt::format("{}: {}", encoder, why));
  }
  if (reasons.empty()) return {options.codec, fmt::format("no hardware encodes {}", options.codec)};
  return {options.codec,
          fmt::format("no hardware encoder works here, software encodes ({})", fmt::join(reasons, "; "))};
}

bool NeedsDevice(const AVCodec& codec) {
  for (const AVPixelFormat* p = codec.pix_fmts; p != nullptr && *p != AV_PIX_FMT_NONE; ++p) {
    if (*p != AV_PIX_FMT_VAAPI) return false;
  }
  return codec.pix_fmts != nullptr;
}

AVPixelFormat DeviceFormat(const FrameFormat& format) {
  return format.bit_depth > 8 ? AV_PIX_FMT_P010LE : AV_PIX_FMT_NV12;
}

Buffer NewDeviceFrames(int width, int height, AVPixelFormat format) {
  AVBufferRef* raw = nullptr;
  ForgetMessages();
  int status = av_hwdevice_ctx_create(&raw, AV_HWDEVICE_TYPE_VAAPI, nullptr, nullptr, 0);
  if (status < 0) throw Error(ErrorKind::kMedia, "no VAAPI device opens: " + Reason(status));
  const Buffer device(raw);
  Buffer frames(av_hwframe_ctx_alloc(device.get()));
  if (!frames) throw std::bad_alloc();
  auto* context = reinterpret_cast<AVHWFramesContext*>(frames->data);
  context->format = AV_PIX_FMT_VAAPI;
  context->sw_format = format;
  context->width = width;
  context->height = height;
  context->initial_pool_size = kDevicePool;
  status = av_hwframe_ctx_init(frames.get());
  if (status < 0) throw Error(ErrorKind::kMedia, "the VAAPI device takes no pictures: " + Reason(status));
  return frames;
}

FrameHandle Upload(const AVFrame& picture, AVBufferRef& device_frames) {
  FrameHandle uploaded = NewFrame();
  int status = av_hwframe_get_buffer(&device_frames, uploaded.get(), 0);
  if (status >= 0) status = av_hwframe_transfer_data(uploaded.get(), &picture, 0);
  if (status >= 0) status = av_frame_copy_props(uploaded.get(), &picture);
  if (status < 0) throw Error(ErrorKind::kMedia, "a picture cannot be sent to the device: " + Reason(status));
  return uploaded;
}

}  // namespace reelswap::libav
