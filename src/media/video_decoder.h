#pragma once

#include <deque>
#include <filesystem>
#include <string>

#include "media/input_file.h"
#include "media/libav_handles.h"

namespace reelswap::libav {

/// Decodes the main video stream of a file to pictures in presentation order with strictly
/// increasing times. Damage is counted and passed over. Not thread-safe.
class VideoDecoder {
 public:
  /// Throws Error(kMedia): see InputFile; no video stream; no decoder.
  VideoDecoder(const std::filesystem::path& path, int threads);

  struct Picture {
    FrameHandle frame;
    int64_t pts = 0;       ///< ticks of time_base()
    int64_t duration = 0;  ///< ticks, 0 = not told
  };
  /// Next picture; an empty handle at the end of the stream.
  Picture Next();

  /// Continues from a key frame at or before `seconds` (absolute). False: nothing has changed.
  bool SeekBefore(double seconds);

  const InputFile& file() const { return file_; }
  const AVStream& stream() const { return *stream_; }
  AVCodecContext* codec() const { return codec_.get(); }
  AVRational time_base() const { return stream_->time_base; }
  /// Packets or pictures the decoder complained about so far.
  int64_t corrupt_packets() const { return corrupt_; }
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
  int64_t corrupt_ = 0;
  std::string complaint_;
  std::deque<FrameHandle> head_;  // the first pictures, until one tells its time
  int64_t head_start_ = 0;        // time of the first of them
  bool has_last_ = false;
  int64_t last_pts_ = 0;
  int64_t last_duration_ = 0;
};

}  // namespace reelswap::libav
