#pragma once

#include <deque>
#include <filesystem>
#include <string>

#include "media/input_file.h"
#include "media/libav_handles.h"

namespace reelswap::libav {

/// How much of a picture is worked out.
enum class DecodeEffort {
  kExact,
  /// B-frames are not deblocked: 0.65 of 4 core-ms a frame at 1080p, PSNR 53 dB and more (leaving out
  /// P-frames as well saves 0.3 ms more, but errors grow from frame to frame, down to 40 dB).
  kDraft,
  kCheck,  ///< nothing is deblocked: pictures drift, damage shows all the same; 0.95 of 4 core-ms
};

/// Ticks that a picture is to be shown for, 0 = not told.
int64_t DurationOf(const AVFrame& frame);

/// True for a picture that holds two fields of different moments.
bool IsInterlaced(const AVFrame& frame);

/// Whether the decoder says that it needed no other picture for this one.
bool IsKeyFrame(const AVFrame& frame);

/// Opens the decoder of a video stream. `path` is for messages. Throws Error(kMedia).
Codec OpenVideoDecoder(const AVStream& stream, const std::filesystem::path& path, int threads,
                       DecodeEffort effort);

/// Decodes the main video stream of a file to pictures in presentation order with strictly
/// increasing times. Damage is counted and passed over. Not thread-safe.
class VideoDecoder {
 public:
  /// Throws Error(kMedia): see InputFile; no video stream; no decoder.
  explicit VideoDecoder(const std::filesystem::path& path, int threads,
                        DecodeEffort effort = DecodeEffort::kExact);

  struct Picture {
    FrameHandle frame;
    int64_t pts = 0;       ///< ticks of time_base()
    int64_t duration = 0;  ///< ticks, 0 = not told
    bool key = false;      ///< decodes without any other picture
    bool dated = false;    ///< its time is the stored one, neither guessed nor moved
  };
  /// Next picture; an empty handle at the end of the stream.
  Picture Next();

  /// True where a seek can be trusted to land on a key frame and times do not depend on what was read before:
  /// the containers with an index of every frame (mp4, mov) or cluster (Matroska, WebM).
  bool SeeksExactly() const;
  /// Continues from a key frame at or before `seconds` (absolute). False: nothing has changed.
  bool SeekBefore(double seconds);

  const InputFile& file() const { return file_; }
  const AVStream& stream() const { return *stream_; }
  AVCodecContext* codec() const { return codec_.get(); }
  AVRational time_base() const { return stream_->time_base; }
  /// Packets or pictures the decoder complained about so far.
  int64_t corrupt_packets() const { return corrupt_; }
  /// True once a picture came that holds two fields.
  bool saw_fields() const { return saw_fields_; }
  /// True once a packet came that says it is encrypted (copy protection).
  bool encrypted() const { return encrypted_; }
  /// The first complaint in libav's words, or empty.
  const std::string& complaint() const { return complaint_; }

 private:
  FrameHandle Decode();
  void FillHead();
  bool Feed();
  void Complain(int averror);
  int64_t DurationTicks(const AVFrame& frame) const;

  InputFile file_;
  const AVStream* stream_ = nullptr;
  Codec codec_;
  Packet packet_;
  bool draining_ = false;
  int failures_while_draining_ = 0;
  bool encrypted_ = false;
  bool saw_fields_ = false;
  int64_t corrupt_ = 0;
  std::string complaint_;
  std::deque<FrameHandle> head_;  // the first pictures, until one tells its time
  int64_t head_start_ = 0;        // time of the first of them
  bool has_last_ = false;
  int64_t last_pts_ = 0;
  int64_t last_duration_ = 0;
};

}  // namespace reelswap::libav
