#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/frame.h"
#include "media/video_info.h"

namespace reelswap {

struct ReadOptions {
  double start_seconds = 0;           ///< relative to the first frame of the video
  std::optional<double> end_seconds;  ///< first moment no longer read, relative likewise
  int every = 1;                      ///< yields decoded frames 0, every, 2*every ... of the range
  std::optional<double> fps;          ///< instead of `every`: the first frame of each 1/fps s of pts time
  int threads = 0;                    ///< decoder threads; 0 = the decoder's own choice
  /// The first frame yielded is the one with exactly this pts: whatever lies before is passed over, by
  /// seeking where that gives the same frames. Error(kMedia) where no frame has it. start_seconds is not
  /// looked at for choosing the first frame then.
  std::optional<int64_t> first_pts;
  int64_t first_index = 0;  ///< Frame::index of that frame
  /// Starts nearer to the beginning than this are reached by decoding from there, which costs less than a
  /// seek may cost in certainty.
  double seek_beyond_seconds = 5;
  /// Pictures need not be exact: B-frames are not deblocked (H.264, HEVC), AV1's film grain is left out. For
  /// finding faces. Same frames, same times.
  bool draft = false;
};

/// What decoding met; complete once Next() has returned nullopt.
struct DecodeReport {
  int64_t frames_decoded = 0;   ///< in the range, before sampling
  int64_t corrupt_packets = 0;  ///< packets or frames the decoder complained about
  bool truncated = false;       ///< the stream ended well before its declared duration
  std::string message;          ///< one clause for the user when something was wrong, else empty
  /// Ticks at which the last frame in the range ends: what its container or decoder says, no later than the
  /// end of the range. 0 = not known.
  int64_t end_pts = 0;
};

/// Yields the frames of a file's main video stream in the decoder's own planar pixel format
/// (other formats - palette, packed RGB, NV12 - are converted to the nearest planar Y'CbCr),
/// upright, each with its index and exact pts, in presentation order. Only the demuxers of real
/// media containers may open a file (no playlists, no concat scripts).
///
/// Layouts are gray, 4:2:0, 4:2:2 and 4:4:4. RGB and palette become 4:4:4 in BT.709, since their
/// colour has full resolution and their size may be odd; 4:2:2 turned by 90 degrees becomes 4:4:4,
/// so that no chroma is lost; alpha is dropped. Every frame has the first one's format: a stream
/// that changes its size is scaled to it. Interlaced pictures are deinterlaced, one frame for one.
///
/// pts are strictly increasing: a frame without one follows its predecessor by that one's duration,
/// and captures glued together (MPEG-TS) continue on one timeline. A frame's index counts all
/// decoded frames of the video; where start_seconds is more than seek_beyond_seconds and the container can
/// seek, the frames before the range are not all decoded and index counts from the first frame of the range.
///
/// Not thread-safe; Next() may be called from any one thread at a time.
class VideoReader {
 public:
  /// Decodes the first frame. Throws Error(kMedia) with path, libav's reason and a cure (also when
  /// not one frame decodes), std::invalid_argument for every < 1, fps <= 0 or a negative start.
  explicit VideoReader(const std::filesystem::path& path, const ReadOptions& options = {});
  ~VideoReader();
  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;

  const VideoInfo& info() const;
  /// Next sampled frame, nullopt at the end. The planes belong to the decoder: read-only.
  /// Damaged packets are counted and skipped, never an error once a first frame was there.
  std::optional<Frame> Next();
  DecodeReport report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reelswap
