#pragma once

#include <filesystem>
#include <string>

#include "core/frame.h"

namespace reelswap {

/// What a file says about its main video stream, after probing.
struct VideoInfo {
  FrameFormat format;            ///< of the frames the reader yields: upright size, planar layout
  Rational frame_rate{0, 1};     ///< average, 0/1 when unknown. Never derive a time from it.
  Rational time_base{1, 1000};   ///< seconds per pts tick
  Rational sample_aspect{1, 1};  ///< pixel shape, upright
  double duration_seconds = 0;   ///< of the video; 0 = not declared
  double start_seconds = 0;      ///< pts of the first frame
  int64_t declared_frames = 0;   ///< from the container, 0 = not declared. A hint, never a bound.
  int rotation_degrees = 0;      ///< that the reader undoes: 0, 90, 180, 270 clockwise
  int color_primaries = 2;       ///< ITU-T H.273 code points (AVCOL_*); 2 = unspecified
  int color_transfer = 2;
  int color_space = 2;
  bool mirrored = false;  ///< the display matrix also mirrored the picture; undone likewise
  int audio_streams = 0;
  std::string codec;      ///< "h264", ...
  std::string container;  ///< demuxer name
};

/// Opens, reads the header and the first frame, closes.
/// Throws Error(kMedia): missing, empty, not a video, no video stream, container not allowed.
VideoInfo ProbeVideo(const std::filesystem::path& path);

}  // namespace reelswap
