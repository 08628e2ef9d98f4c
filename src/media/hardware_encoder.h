#pragma once

#include <string>

#include "media/libav_handles.h"
#include "media/pixel_layout.h"
#include "media/video_writer.h"

namespace reelswap::libav {

struct HardwareChoice {
  std::string encoder;  ///< name for SettingsFor: a hardware encoder's, or options.codec as it was
  std::string note;     ///< why software encodes although hardware was wished for, or empty
};

/// Follows EncoderOptions::hardware: an encoder of a device counts only when it has really encoded a picture
/// of this format and size, and takes all its bits and colour. Each device is tried once per process with the
/// same settings. Thread-safe. Throws Error(kMedia) for an unknown value.
HardwareChoice ChooseHardware(const VideoInfo& video, const EncoderOptions& options);

/// True for encoders that take pictures from a device's memory only (VAAPI).
bool NeedsDevice(const AVCodec& codec);
/// What is uploaded for such an encoder: NV12, or P010 above 8 bits.
AVPixelFormat DeviceFormat(const FrameFormat& format);
/// A pool of pictures on the first VAAPI device. Throws Error(kMedia) when there is none.
Buffer NewDeviceFrames(int width, int height, AVPixelFormat format);
/// Copies a picture with its time and colour to the device.
FrameHandle Upload(const AVFrame& picture, AVBufferRef& device_frames);

}  // namespace reelswap::libav
