#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/frame.h"

namespace reelswap {

/// One stored audio packet.
struct PacketDigest {
  int stream = 0;   ///< 0-based among the file's audio streams
  int64_t pts = 0;  ///< ticks of time_base
  Rational time_base;
  std::string sha256;  ///< of the packet's bytes
  double seconds() const { return static_cast<double>(pts) * time_base.ToDouble(); }
};

/// All audio packets, by stream and then in stored order. Nothing is decoded. Thread-safe.
/// Throws Error(kMedia) when the file cannot be opened.
std::vector<PacketDigest> AudioPacketDigests(const std::filesystem::path& path);

/// Presentation times of the main video stream as the container stores them.
struct VideoTimes {
  Rational time_base;
  std::vector<int64_t> pts;   ///< ticks, ascending; frames hidden by an edit list left out
  int64_t last_duration = 0;  ///< ticks of the last frame, 0 = not stored
};

/// Reads the packets' times without decoding. Thread-safe. Throws Error(kMedia) when the file
/// cannot be opened or has no video.
VideoTimes VideoPts(const std::filesystem::path& path);

/// Codec, language and whether it is the default, of every audio stream in order.
struct AudioStreamInfo {
  std::string codec;
  std::string language;  ///< ISO 639-2, empty when not told
  bool is_default = false;
  int sample_rate = 0;
  int channels = 0;
};
std::vector<AudioStreamInfo> AudioStreamsOf(const std::filesystem::path& path);

/// The container's own tags (title, comment, ...), keys as stored.
std::vector<std::pair<std::string, std::string>> ContainerTags(const std::filesystem::path& path);

}  // namespace reelswap
