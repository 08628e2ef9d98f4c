#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "media/libav_handles.h"

namespace reelswap::libav {

/// A media file opened for reading by one of the demuxers of real containers, streams probed.
/// Where a format can jump in time (MPEG-TS captures glued together), packets come out on one
/// continuous timeline; two InputFiles on the same file repair it in the same way, so that video
/// and audio that are read apart stay together. Not thread-safe.
class InputFile {
 public:
  /// Throws Error(kMedia): no regular file, empty, a container that is not allowed, damaged header.
  explicit InputFile(const std::filesystem::path& path);

  AVFormatContext* context() const { return context_.get(); }
  const std::filesystem::path& path() const { return path_; }

  /// Index of the main video stream: no cover art, the default one before others, then the
  /// largest picture. nullopt where there is none.
  std::optional<int> MainVideoStream() const;
  std::vector<int> StreamsOf(AVMediaType type) const;
  std::vector<int> AudioStreams() const { return StreamsOf(AVMEDIA_TYPE_AUDIO); }
  /// Reads only these streams from now on (all others are skipped unread where the format allows).
  void KeepOnly(const std::vector<int>& streams);

  /// Next packet of a kept stream; false at the end. A read error that is no end of file ends the
  /// stream too; read_error() then tells.
  bool Read(AVPacket* packet);
  int read_error() const { return read_error_; }

  /// True where seeking by time can be trusted.
  bool CanSeek() const;
  /// Goes to the last key frame at or before `seconds` (absolute). False when the demuxer cannot.
  bool SeekBefore(double seconds);

 private:
  struct Timeline {
    bool seen = false;
    int64_t last_us = 0;  // decoding time of the last packet as stored
    int64_t end_us = 0;   // its end as stored
    size_t epoch = 0;     // how many jumps back this stream has made
  };
  void JoinTimeline(AVPacket* packet);

  std::filesystem::path path_;
  Input context_;
  std::vector<bool> kept_;
  std::vector<Timeline> timelines_;
  std::vector<int64_t> epoch_offset_us_{0};
  int read_error_ = 0;
};

}  // namespace reelswap::libav
