#include "media/video_info.h"

#include "media/video_reader.h"

namespace reelswap {

VideoInfo ProbeVideo(const std::filesystem::path& path) {
  ReadOptions options;
  options.threads = 1;  // one frame is wanted; more decoders would only be fed for nothing
  return VideoReader(path, options).info();
}

}  // namespace reelswap
