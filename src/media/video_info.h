#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "core/frame.h"

namespace reelswap {

/// SMPTE ST 2086: the screen that an HDR video was made on. Fractions as stored, so that they come out as
/// they went in.
struct MasteringDisplay {
  std::array<std::array<Rational, 2>, 3> primaries{};  ///< CIE 1931 x and y of red, green, blue
  std::array<Rational, 2> white_point{};
  Rational min_luminance, max_luminance;  ///< cd/m2
  bool has_primaries = false;
  bool has_luminance = false;
  bool operator==(const MasteringDisplay&) const = default;
};

/// CTA-861.3: how bright an HDR video gets.
struct ContentLight {
  int max_content = 0;        ///< MaxCLL, cd/m2
  int max_frame_average = 0;  ///< MaxFALL, cd/m2
  bool operator==(const ContentLight&) const = default;
};

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
  int chroma_location = 0;  ///< AVCHROMA_LOC_*, of the upright picture; 0 = unspecified
  std::optional<MasteringDisplay> mastering_display;
  std::optional<ContentLight> content_light;
  bool interlaced = false;  ///< pictures hold two fields; the reader makes one progressive frame of each
  bool mirrored = false;    ///< the display matrix also mirrored the picture; undone likewise
  int audio_streams = 0;
  int subtitle_streams = 0;
  bool closed_captions = false;  ///< CEA-608/708 text inside the first pictures; it does not reach Frames
  std::string codec;      ///< "h264", ...
  std::string container;  ///< demuxer name
};

/// Opens, reads the header and the first frame, closes.
/// Throws Error(kMedia): missing, empty, not a video, no video stream, container not allowed.
VideoInfo ProbeVideo(const std::filesystem::path& path);

}  // namespace reelswap
