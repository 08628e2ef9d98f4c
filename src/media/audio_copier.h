#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/input_file.h"
#include "media/muxer.h"
#include "media/video_writer.h"

namespace reelswap::libav {

/// Copies the packets of all audio streams of one file into a muxer, never more of them in memory
/// than one. Not thread-safe.
class AudioCopier {
 public:
  /// `first_video_seconds`: absolute time of the source's first video frame, which the range of
  /// `copy` counts from. Throws Error(kMedia) when the file cannot be opened.
  AudioCopier(const AudioCopy& copy, double first_video_seconds);

  /// Adds a stream for every one that the container takes; the others are named in message().
  void AddStreams(Muxer& muxer);
  /// `shift` ticks of `base` are added to every time from now on.
  void SetShift(int64_t shift, AVRational base);

  /// How far before 0 the first packet would lie as shifted, in seconds; 0 where it does not.
  double SecondsBeforeZero();

  /// Writes what is to be decoded before `time` ticks of `base` (INT64_MAX: everything).
  void WriteUntil(Muxer& muxer, int64_t time, AVRational base);

  int streams() const { return static_cast<int>(copied_.size()); }
  int64_t packets() const { return packets_; }
  std::string message() const;
  /// Sample rate of the first stream, 0 without any: for the timescale of edit lists.
  int sample_rate() const;

 private:
  struct Stream {
    int source = 0;
    int target = 0;
    int64_t delay = 0;  // source ticks that Matroska stores an Opus packet later, see AddStreams
    int64_t shift = 0;  // source ticks, with the delay
    int64_t packets = 0;
    bool past_end = false;
    std::string refused;  // why the container took no more of its packets
  };

  void Open();
  bool Fetch();
  bool InRange(const AVPacket& packet, Stream& stream) const;
  Stream* Find(int source);
  bool AllPastEnd() const;

  AudioCopy copy_;
  double start_seconds_ = 0;  // absolute; only looked at when the copy starts late
  double end_seconds_ = 0;    // absolute
  std::unique_ptr<InputFile> file_;
  std::vector<Stream> copied_;
  std::vector<std::string> dropped_;
  Packet packet_;  // the next one to write, when waiting_
  bool waiting_ = false;
  bool ended_ = false;
  int64_t packets_ = 0;
};

}  // namespace reelswap::libav
