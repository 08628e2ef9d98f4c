#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/input_file.h"
#include "media/muxer.h"
#include "media/packet_route.h"
#include "media/video_writer.h"

namespace reelswap::libav {

/// Which streams go along.
struct StreamChoice {
  bool audio = true;
  bool subtitles = false;
  /// What the container refuses is encoded for it (audio as AAC, in WebM as Opus; subtitles as another text
  /// format) rather than dropped.
  bool convert = false;
};

/// Copies the packets of a file's streams into a muxer, never more of them in memory than one (and what a
/// decoder holds). Not thread-safe.
class StreamCopier {
 public:
  /// `first_video_seconds`: absolute time of the source's first video frame, which the range of
  /// `copy` counts from. Throws Error(kMedia) when the file cannot be opened.
  StreamCopier(const AudioCopy& copy, double first_video_seconds, StreamChoice choice = {});
  ~StreamCopier();

  /// Adds a stream for every one that the container takes; what became of the others is in message().
  void AddStreams(Muxer& muxer);
  /// `shift` ticks of `base` are added to every time from now on.
  void SetShift(int64_t shift, AVRational base);

  /// How far before 0 the first packet of any stream would lie as shifted, in seconds; 0 where none does.
  double SecondsBeforeZero();
  /// When the first of the copied streams begins, by its header: absolute seconds, infinite where none tells.
  double FirstSeconds() const;

  /// Writes what is to be decoded before `time` ticks of `base` (INT64_MAX: everything, to the end).
  void WriteUntil(Muxer& muxer, int64_t time, AVRational base);

  /// The file as it was opened: its chapters, tags and attachments.
  const InputFile& file() const { return *file_; }
  int audio_streams() const { return Count(AVMEDIA_TYPE_AUDIO); }
  int subtitle_streams() const { return Count(AVMEDIA_TYPE_SUBTITLE); }
  int64_t audio_packets() const { return audio_packets_; }
  std::string message() const;
  /// Sample rate of the first audio stream, 0 without any: for the timescale of edit lists.
  int sample_rate() const;

 private:
  struct Stream {
    int source = 0;
    int target = 0;
    AVMediaType type = AVMEDIA_TYPE_UNKNOWN;
    int64_t delay = 0;  // source ticks that Matroska stores an Opus packet later, see AddStreams
    int64_t shift = 0;  // source ticks, with the delay
    double preroll_seconds =
        0;  // taken before the range for the decoder's sake; an edit list or the route hides it
    int64_t packets = 0;
    bool past_end = false;
    std::optional<int64_t> first_time;   // source ticks of its first packet in the range, once it was read
    std::string refused;                 // why the container took no more of its packets
    std::unique_ptr<PacketRoute> route;  // empty: packets are copied
  };

  void Open();
  std::vector<int> WantedStreams() const;
  void AddStream(Muxer& muxer, int index, int number);
  std::unique_ptr<PacketRoute> RouteFor(const Muxer& muxer, const AVStream& source,
                                        std::string& why_not) const;
  void SeekToStart();
  bool Fetch();
  bool ReadNext();
  void LookAhead();
  bool InRange(AVPacket& packet, Stream& stream) const;
  void CutSubtitle(AVPacket& packet, AVRational base) const;
  void Place(Stream& stream, Muxer& muxer);
  void Put(Stream& stream, Muxer& muxer, AVPacket* packet);
  void PushThrough(Stream& stream, Muxer& muxer, AVPacket* packet);
  void Drain(Muxer& muxer);
  Stream* Find(int source);
  bool AllPastEnd() const;
  int Count(AVMediaType type) const;
  AVRational BaseOf(const Stream& stream) const;

  AudioCopy copy_;
  StreamChoice choice_;
  double start_seconds_ = 0;  // absolute; only looked at when the copy starts late
  double end_seconds_ = 0;    // absolute
  std::unique_ptr<InputFile> file_;
  std::vector<Stream> copied_;
  std::vector<std::string> dropped_;    // by VideoWriter's wording, audio
  std::vector<std::string> converted_;  // and what else is to be said
  Packet packet_;                       // the next one to write, when waiting_
  std::deque<Packet> ahead_;            // those after it that were looked at
  bool waiting_ = false;
  bool ended_ = false;
  bool drained_ = false;
  int64_t audio_packets_ = 0;
};

}  // namespace reelswap::libav
