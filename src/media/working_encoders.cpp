#include <fmt/format.h>

#include <array>
#include <string_view>

#include "core/error.h"
#include "media/libav_log.h"
#include "media/video_encoder.h"

namespace reelswap {
namespace {

struct Candidate {
  const char* option;  // what a user writes
  const char* shown;
};
constexpr std::array kCandidates = {
    Candidate{"h264", "h264 (libx264)"},
    Candidate{"hevc", "hevc (libx265)"},
    Candidate{"av1", "av1 (libsvtav1)"},
    Candidate{"vp9", "vp9 (libvpx-vp9)"},
    Candidate{"ffv1", "ffv1"},
    Candidate{"h264_nvenc", "h264_nvenc"},
    Candidate{"hevc_nvenc", "hevc_nvenc"},
    Candidate{"av1_nvenc", "av1_nvenc"},
    Candidate{"h264_vaapi", "h264_vaapi"},
    Candidate{"hevc_vaapi", "hevc_vaapi"},
};

// An encoder that is listed may lack its device; only a packet proves it.
bool Encodes(const char* option) {
  VideoInfo video;
  video.format.width = 320;  // hardware encoders refuse smaller ones
  video.format.height = 192;
  video.frame_rate = {25, 1};
  video.time_base = {1, 25};
  EncoderOptions options;
  options.codec = option;
  options.threads = 1;
  try {
    libav::VideoEncoder encoder(video, options, false);
    encoder.Send(Frame::Black(video.format, 0, 0), 0);
    encoder.SendEnd();
    return encoder.Receive(libav::NewPacket().get());
  } catch (const Error&) {
    return false;  // that is the answer
  }
}

}  // namespace

std::vector<std::string> WorkingEncoders() {
  std::vector<std::string> working;
  for (const Candidate& candidate : kCandidates) {
    if (Encodes(candidate.option)) working.emplace_back(candidate.shown);
  }
  return working;
}

std::string LibavVersion() {
  const std::string_view full = av_version_info();
  return std::string(full.substr(0, full.find('-')));
}

}  // namespace reelswap
