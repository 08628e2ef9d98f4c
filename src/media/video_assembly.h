#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/frame.h"
#include "media/video_info.h"
#include "media/video_writer.h"

namespace reelswap {

/// What a finished chunk holds (its own footer says it too).
struct ChunkInfo {
  int64_t frames = 0;
  int64_t first_pts = 0;  ///< ticks of VideoInfo::time_base, as the frames had it
  int64_t last_pts = 0;
  std::string encoder;  ///< codec, settings and format in one line: chunks of one video agree in it
};

/// Encodes a run of frames on their own (closed: it begins with a key frame and refers to nothing outside),
/// to be joined with others without encoding again. The same frames and settings give the same bytes,
/// whatever was encoded before. Under a temporary name until Commit(). Frame references as
/// VideoWriter::Write. Not thread-safe.
class ChunkWriter {
 public:
  /// video: as WriteOptions::video. container: "mp4", "mov", "mkv", "webm" - what the chunks are for (global
  /// headers, refused codecs: Error(kMedia) now rather than after hours).
  ChunkWriter(const std::filesystem::path& path, const VideoInfo& video, const EncoderOptions& encoder,
              const std::string& container);
  ~ChunkWriter();
  ChunkWriter(ChunkWriter&&) noexcept;
  ChunkWriter& operator=(ChunkWriter&&) noexcept;

  void Write(const Frame& frame);
  /// next_pts: time of the frame that follows this chunk, which ends the last frame's duration; nullopt at
  /// the end. Drains the encoder, syncs, renames.
  ChunkInfo Commit(std::optional<int64_t> next_pts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads a chunk's footer and verifies its checksum; nullopt when it is missing, torn or damaged. Never
/// throws for that.
std::optional<ChunkInfo> ReadChunk(const std::filesystem::path& path);

/// What is copied beside the new pictures.
struct StreamCopies {
  AudioCopy range;  ///< file and stretch, as for audio
  bool audio = true;
  bool subtitles = true;
  bool chapters = true;     ///< shifted and cut to the stretch
  bool attachments = true;  ///< fonts, cover pictures
  bool metadata =
      true;  ///< container and stream tags (title, language, dispositions); those of WriteOptions win
};

struct AssemblyOptions {
  VideoInfo video;      ///< as given to the chunks' writers
  StreamCopies copies;  ///< with an empty range.path nothing is copied
  std::map<std::string, std::string> metadata;
  /// Called while chunks are written, with the share done (0 .. 1), from the calling thread. What it throws
  /// ends the assembly.
  std::function<void(double share)> progress;
};

struct AssemblyReport {
  int64_t frames = 0;
  int audio_streams = 0;
  int64_t audio_packets = 0;
  int subtitle_streams = 0;
  int chapters = 0;
  int attachments = 0;
  std::string message;  ///< what the container refused and what was done: "audio 2 (pcm_s16le) was encoded as
                        ///< AAC for mp4"
};

/// Joins chunks into one video, with all other streams of the source: copied packet by packet; audio that the
/// container refuses is encoded (AAC for mp4/mov, Opus for webm) and subtitles are converted between text
/// formats where libav can, each said in the report. Times as VideoWriter. Memory does not grow with the
/// length. Temporary name until Commit().
class VideoAssembly {
 public:
  VideoAssembly(const std::filesystem::path& path, const AssemblyOptions& options);
  ~VideoAssembly();
  VideoAssembly(VideoAssembly&&) noexcept;
  VideoAssembly& operator=(VideoAssembly&&) noexcept;

  /// In order; the chunk is read again by FinishTemporary. Throws Error(kMedia) for a damaged chunk, one
  /// whose encoder differs or one that does not follow the one before in time.
  void Add(const std::filesystem::path& chunk);
  /// See VideoWriter::FinishTemporary.
  std::filesystem::path FinishTemporary();
  /// Complete once FinishTemporary() was called.
  const AssemblyReport& report() const;
  AssemblyReport Commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a finished video must be.
struct ExpectedVideo {
  int64_t frames = 0;
  double seconds = 0;        ///< from the first frame to the end of the last; may differ by one frame
  double longest_frame = 0;  ///< s
  int audio_streams = 0;
  int subtitle_streams = 0;
  int64_t audio_packets = -1;  ///< of all audio streams, as AssemblyReport has it; -1 = not compared
};

/// Reads a file to its end: every packet of every stream, every picture decoded (without deblocking: a third
/// faster, damage shows all the same). Throws Error(kMedia) that says what is not as expected. Thread-safe.
void CheckVideo(const std::filesystem::path& path, const ExpectedVideo& expected, int threads);

}  // namespace reelswap
