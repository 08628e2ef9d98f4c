#pragma once

#include <map>
#include <string>
#include <vector>

#include "media/muxer.h"

namespace reelswap::libav {

/// The text subtitle format that everything else is converted to in this container.
AVCodecID TextSubtitleOf(const Muxer& muxer);

/// Copies the tags that still hold for a stream with other content: language, title and the like, not the old
/// encoder's name, statistics or rotation.
void CopyStreamTags(const AVStream& source, AVStream& target);

/// The container's tags that still hold for a new file; those of `own` win.
std::map<std::string, std::string> ContainerTagsFor(const AVFormatContext& source,
                                                    const std::map<std::string, std::string>& own);

/// Sentences about the streams that nothing copies: further videos, timed data. `main_video`: index, -1 =
/// none.
std::vector<std::string> NotesOnOtherStreams(const AVFormatContext& source, int main_video);

/// Of these tags, those that an mp4 with a cover picture does not store (see Muxer::NoteCover).
std::vector<std::string> TagsLostToCover(const std::map<std::string, std::string>& tags);

/// Which part of the source's clock becomes the new file's, in seconds.
struct Stretch {
  double first = 0;  ///< absolute time in the source; -infinity: from the beginning
  double end = 0;    ///< absolute; infinity: to the end
  double shift = 0;  ///< added to the source's times
};

/// Copies the chapters that touch the stretch, cut to it. Before WriteHeader. Returns how many.
int CopyChapters(const AVFormatContext& source, const Stretch& stretch, Muxer& muxer);

/// Fonts and cover pictures of a file on their way into another. Not thread-safe.
class Attachments {
 public:
  /// Adds a stream for each that the container takes, before WriteHeader; the others are named in notes().
  void AddStreams(const AVFormatContext& source, Muxer& muxer);
  /// Writes the pictures, right after WriteHeader.
  void WritePictures(Muxer& muxer);
  int count() const { return count_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void AddFont(const AVStream& source, Muxer& muxer);
  void AddCover(const AVStream& source, Muxer& muxer);

  struct Picture {
    int stream = 0;
    Packet packet;
  };
  std::vector<Picture> pictures_;
  std::vector<std::string> notes_;
  int count_ = 0;
};

}  // namespace reelswap::libav
