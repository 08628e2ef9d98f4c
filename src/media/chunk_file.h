#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "media/libav_handles.h"

struct AVMurMur3;

namespace reelswap::libav {

/// What stands at the end of a chunk.
struct ChunkFooter {
  std::string encoder;       ///< see ChunkInfo::encoder
  std::string note;          ///< what the encoder could not take as it is, or empty
  Rational time_base;        ///< of all times
  int64_t end_pts = 0;       ///< end of the last frame
  std::vector<int64_t> pts;  ///< of the packets, in decoding order
  Parameters parameters;     ///< of the stream
};

/// Hash of all bytes handed to it, 128 bits: tells torn and damaged files, not forged ones.
class RunningHash {
 public:
  RunningHash();
  ~RunningHash();
  RunningHash(const RunningHash&) = delete;
  RunningHash& operator=(const RunningHash&) = delete;
  void Update(const void* bytes, size_t size);
  /// 16 bytes. Nothing may be added afterwards.
  std::string Final();

 private:
  AVMurMur3* state_;
};

/// Writes the container of chunks: 8 bytes of magic; packets (size, flags, pts, dts, duration, bytes); the
/// footer; and a tail of 32 bytes (place of the footer, hash of all before, magic). Numbers are little
/// endian. The file lies under a temporary name until Commit(). Errors: Error(kDisk). Not thread-safe.
class ChunkFileWriter {
 public:
  explicit ChunkFileWriter(const std::filesystem::path& path);
  ~ChunkFileWriter();
  ChunkFileWriter(const ChunkFileWriter&) = delete;
  ChunkFileWriter& operator=(const ChunkFileWriter&) = delete;

  void Write(const AVPacket& packet);
  void Commit(const ChunkFooter& footer);

 private:
  void Put(const std::string& bytes);

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  Io io_;
  RunningHash hash_;
  int64_t written_ = 0;
  bool committed_ = false;
};

/// Reads a chunk packet by packet. Not thread-safe.
class ChunkFileReader {
 public:
  /// nullopt: missing, torn or damaged (the whole file is read to know). Never throws for that.
  static std::optional<ChunkFooter> Verify(const std::filesystem::path& path);

  /// Opens a chunk that has been verified. Throws Error(kMedia) when it is no longer whole.
  explicit ChunkFileReader(const std::filesystem::path& path);
  const ChunkFooter& footer() const { return footer_; }
  /// False after the last packet. Throws Error(kMedia) when the file ends before.
  bool Read(AVPacket* packet);

 private:
  [[noreturn]] void Damaged() const;

  std::filesystem::path path_;
  std::ifstream in_;
  ChunkFooter footer_;
  size_t read_ = 0;
};

}  // namespace reelswap::libav
