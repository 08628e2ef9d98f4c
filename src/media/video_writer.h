#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/frame.h"
#include "media/video_info.h"

namespace reelswap {

struct EncoderOptions {
  std::string codec = "h264";  ///< h264 (libx264), hevc (libx265), av1 (libsvtav1), vp9 (libvpx), ffv1, or a
                               ///< libav encoder name
  int crf = 18;                ///< constant rate factor, 0..51 (0..63 for av1 and vp9)
  /// x264/x265 preset; for av1 a number 0 (slow) to 13, for vp9 0 to 8, or such a name
  std::string preset = "veryfast";
  int threads = 0;  ///< encoder threads; 0 = the encoder's own choice
  /// "off", or "auto": for h264, hevc and av1 the first of NVENC and VAAPI that encodes a picture of this
  /// format, else the software encoder, said in the report. Off unless told, since hardware gives other
  /// pictures on every machine.
  std::string hardware = "off";
};

/// Names a file whose audio streams are all copied, packet by packet.
struct AudioCopy {
  std::filesystem::path path;
  /// As in ReadOptions, relative to the first video frame of `path`, whose time is taken from
  /// WriteOptions::video.start_seconds. 0: all audio from the file's beginning.
  double start_seconds = 0;
  std::optional<double> end_seconds;
};

struct WriteOptions {
  VideoInfo video;  ///< size, format, time base, colour tags, aspect of the frames to come
  EncoderOptions encoder;
  std::optional<AudioCopy> audio;
  std::map<std::string, std::string> metadata;  ///< container tags (title, comment, ...)
};

struct WriteReport {
  int64_t frames = 0;
  int audio_streams = 0;
  int64_t audio_packets = 0;
  std::string message;  ///< e.g. "1 audio stream was dropped: pcm_s16le does not go into mp4"
};

/// Encodes frames to a container chosen by the extension (mp4 and mov with faststart, mkv, webm).
/// Every frame keeps its pts in video.time_base, shifted so that start_seconds of the source is 0
/// when audio.start_seconds > 0; the first frame need not be at 0. A first frame before 0 moves to 0
/// and the audio with it. mp4 and mov store the pts exactly. Matroska and WebM store milliseconds and
/// nothing below 0: where the audio begins before 0 (an AAC encoder's 21 ms of priming), audio and
/// video together move later by that much.
///
/// Works under a temporary name; the final name appears in Commit() only. Bit depth and chroma are
/// kept where the encoder takes them, else the nearest is used and said in the report. Odd sizes in
/// 4:2:0 or 4:2:2 are encoded as 4:4:4 (FFV1 stores them as they are). Audio is written as the video
/// advances, so memory does not grow with the length. Not thread-safe.
class VideoWriter {
 public:
  /// Throws Error(kMedia) for an unknown codec, bad preset or container, Error(kDisk) if the file
  /// cannot be created.
  VideoWriter(const std::filesystem::path& path, const WriteOptions& options);
  ~VideoWriter();  ///< removes the temporary file when Commit() was not reached
  VideoWriter(VideoWriter&&) noexcept;
  VideoWriter& operator=(VideoWriter&&) noexcept;

  /// Frames in increasing pts. The frame's planes are kept alive by reference until encoded and
  /// must not be changed afterwards. Throws Error(kDisk) on a full disk, Error(kMedia) when the
  /// encoder fails, std::invalid_argument for another format or a pts that does not increase.
  void Write(const Frame& frame);
  /// Flushes encoder and audio, writes the index, syncs; the file then lies under its temporary
  /// name, which is returned: mark it, then call Commit(). Throws Error(kMedia) without a frame.
  std::filesystem::path FinishTemporary();
  /// Renames to the final name. Calls FinishTemporary() if that has not happened.
  WriteReport Commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Encoders of this build that really open on a test frame, e.g. {"h264 (libx264)", "hevc (libx265)"}.
std::vector<std::string> WorkingEncoders();
/// "5.1.9" and the like, for doctor and cards.
std::string LibavVersion();

}  // namespace reelswap
