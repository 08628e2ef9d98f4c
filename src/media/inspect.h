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

/// One stored packet of the main video stream.
struct StoredPicture {
  int64_t pts = 0;  ///< ticks of the stream
  int64_t dts = 0;
  int64_t duration = 0;
  bool key = false;
};

/// The main video stream's packets in stored order. As VideoPts.
std::vector<StoredPicture> StoredPictures(const std::filesystem::path& path);

/// One subtitle as stored.
struct StoredSubtitle {
  int stream = 0;  ///< 0-based among the file's subtitle streams
  double seconds = 0;
  double duration_seconds = 0;
  std::string bytes;  ///< the packet
};

/// All subtitles in stored order. Throws Error(kMedia) when the file cannot be opened.
std::vector<StoredSubtitle> SubtitlesOf(const std::filesystem::path& path);

struct StreamInfo {
  std::string type;   ///< "video", "cover", "audio", "subtitle", "attachment", "data"
  std::string codec;  ///< "h264", ...
  std::string language, title, filename;
  bool is_default = false;
  int64_t bytes = 0;  ///< of an attachment or cover
};

/// Every stream of a file in order. Throws Error(kMedia) when it cannot be opened.
std::vector<StreamInfo> StreamsOf(const std::filesystem::path& path);

struct ChapterInfo {
  double start_seconds = 0;
  double end_seconds = 0;
  std::string title;
};

std::vector<ChapterInfo> ChaptersOf(const std::filesystem::path& path);

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
