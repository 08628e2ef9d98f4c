#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "media/libav_handles.h"

namespace reelswap::libav {

/// The container that files with this extension ("mp4", "mov", "mkv", "webm") are. Throws Error(kMedia) for
/// one that we do not write.
const AVOutputFormat& ContainerNamed(const std::string& container);

/// Whether this container stores such a stream. Tries the header in memory, so nothing that it would refuse
/// later gets in.
bool ContainerAccepts(const AVOutputFormat& container, const AVCodecParameters& parameters,
                      AVRational time_base);

/// Writes a container under a temporary name beside the final one. The temporary file is removed
/// with the object unless Commit() was reached. Not thread-safe.
class Muxer {
 public:
  /// Container by extension. Throws Error(kMedia) for one that we do not write, Error(kDisk) when
  /// the final name is taken by something else than a file or the temporary one cannot be created.
  explicit Muxer(const std::filesystem::path& path);
  ~Muxer();
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

  AVFormatContext* context() const { return context_.get(); }
  bool WantsGlobalHeader() const { return (context_->oformat->flags & AVFMT_GLOBALHEADER) != 0; }
  /// "mp4", "mov", "matroska" or "webm".
  std::string container() const { return context_->oformat->name; }
  bool IsMp4Family() const;

  /// As ContainerAccepts.
  bool Accepts(const AVCodecParameters& parameters, AVRational time_base) const;

  /// Throws std::bad_alloc. The stream copies the parameters, without the codec tag.
  AVStream* AddStream(const AVCodecParameters& parameters, AVRational time_base);

  /// Says before WriteHeader that one of the streams is a cover picture. mp4 then stores only the tags that
  /// iTunes knows (title, artist, comment, ...): libav writes either a cover or tags of any name.
  void NoteCover() { has_cover_ = true; }
  bool has_cover() const { return has_cover_; }

  /// `timescale`: ticks per second of the video track (mp4, mov). Throws Error(kMedia / kDisk).
  void WriteHeader(const std::map<std::string, std::string>& metadata, int timescale, int movie_timescale);

  /// Hands the packet over (it is empty afterwards). Streams' decoding times are made to increase.
  /// Returns 0, or libav's code when this packet's content was refused; throws Error(kDisk) when
  /// the disk did.
  int Write(AVPacket* packet);

  /// Writes the index and closes the file, which still has its temporary name.
  void WriteTrailer();
  void Commit();
  bool finished() const { return finished_; }
  const std::filesystem::path& temporary() const { return temporary_; }

 private:
  void ThrowIfDisk(int averror) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  Output context_;
  std::map<int, int64_t> last_dts_;
  bool has_cover_ = false;
  bool finished_ = false;
  bool committed_ = false;
};

}  // namespace reelswap::libav
