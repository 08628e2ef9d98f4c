#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/frame.h"

namespace reelswap::testing {

/// What WriteTestVideo makes.
struct TestVideo {
  FrameFormat format = Format(320, 180);
  int frames = 30;
  Rational frame_rate{30, 1};  ///< stored as the average rate
  Rational time_base{1, 30};
  std::vector<int64_t> pts;    ///< ticks; empty = 0, k, 2k ... of a constant frame_rate
  std::string codec = "h264";  ///< as in EncoderOptions; "ffv1" is lossless
  int crf = 18;
  std::filesystem::path audio;  ///< its audio is copied; empty = silent
  Rational sample_aspect{1, 1};

  /// 8-bit 4:2:0, limited range, BT.601.
  static FrameFormat Format(int width, int height);
};

/// The pts that WriteTestVideo gives to frame i.
int64_t TestPts(const TestVideo& video, int i);

/// Picture number `number`: a gradient with a moving block and, in its top row of blocks, the number
/// as 16 bits that survive lossy coding. At least 64 x 16 px. Made in code, the same everywhere.
Frame TestFrame(const FrameFormat& format, int number, int64_t pts);

/// The number a decoded TestFrame carries.
int ReadFrameNumber(const Frame& frame);

/// Writes frames 0, 1, 2 ... through the product's own VideoWriter.
void WriteTestVideo(const std::filesystem::path& path, const TestVideo& video);

/// Writes an .m4a with a tone that steps in pitch every second, so that no two packets are equal.
void WriteTestTone(const std::filesystem::path& path, double seconds, int sample_rate = 48000,
                   double hertz = 440);

}  // namespace reelswap::testing
