#include "testing/synthetic_video.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "media/audio_file.h"
#include "media/video_writer.h"

namespace reelswap::testing {
namespace {

constexpr int kBits = 16;

// Sample value for an 8-bit level.
uint16_t Level(const FrameFormat& format, int level8) {
  return static_cast<uint16_t>(level8 << (format.bit_depth - 8));
}

void Put(cv::Mat& plane, int x, int y, uint16_t value) {
  if (plane.type() == CV_16UC1) {
    plane.at<uint16_t>(y, x) = value;
  } else {
    plane.at<uint8_t>(y, x) = static_cast<uint8_t>(value);
  }
}

int BlockWidth(const FrameFormat& format) { return format.width / kBits; }
int BlockHeight(const FrameFormat& format) { return std::min(16, format.height / 2); }

void DrawLuma(cv::Mat& plane, const FrameFormat& format, int number) {
  const int block_x = (number * 7) % std::max(1, format.width - 24);
  const int block_y = format.height / 2;
  for (int y = 0; y < format.height; ++y) {
    for (int x = 0; x < format.width; ++x) {
      int level = 40 + 120 * x / format.width + 40 * y / format.height;
      if (x >= block_x && x < block_x + 24 && y >= block_y && y < block_y + 24) level = 220;
      if (y < BlockHeight(format) && x < BlockWidth(format) * kBits) {
        level = (number >> (x / BlockWidth(format))) & 1 ? 230 : 20;
      }
      Put(plane, x, y, Level(format, level));
    }
  }
}

}  // namespace

FrameFormat TestVideo::Format(int width, int height) {
  FrameFormat format;
  format.width = width;
  format.height = height;
  return format;
}

int64_t TestPts(const TestVideo& video, int i) {
  if (!video.pts.empty()) return video.pts.at(i);
  // Ticks per frame: (1 / rate) / time base.
  const int64_t num = int64_t{video.frame_rate.den} * video.time_base.den;
  const int64_t den = int64_t{video.frame_rate.num} * video.time_base.num;
  return i * num / den;
}

Frame TestFrame(const FrameFormat& format, int number, int64_t pts) {
  if (format.width < 64 || format.height < 16)
    throw std::invalid_argument("a TestFrame has at least 64 x 16 px");
  Frame frame = Frame::Black(format, number, pts);
  cv::Mat luma = frame.Plane(0);
  DrawLuma(luma, format, number);
  for (int p = 1; p < format.PlaneCount(); ++p) {
    cv::Mat plane = frame.Plane(p);
    for (int y = 0; y < plane.rows; ++y) {
      for (int x = 0; x < plane.cols; ++x) {
        Put(plane, x, y, Level(format, p == 1 ? 90 + 60 * x / plane.cols : 150 - 50 * y / plane.rows));
      }
    }
  }
  return frame;
}

int ReadFrameNumber(const Frame& frame) {
  const cv::Mat luma = frame.Luma8();
  int number = 0;
  for (int bit = 0; bit < kBits; ++bit) {
    const int x = bit * BlockWidth(frame.format()) + BlockWidth(frame.format()) / 2;
    const int y = BlockHeight(frame.format()) / 2;
    if (luma.at<uint8_t>(y, x) > 125) number |= 1 << bit;
  }
  return number;
}

void WriteTestVideo(const std::filesystem::path& path, const TestVideo& video) {
  WriteOptions options;
  options.video.format = video.format;
  options.video.frame_rate = video.frame_rate;
  options.video.time_base = video.time_base;
  options.video.sample_aspect = video.sample_aspect;
  options.encoder.codec = video.codec;
  options.encoder.crf = video.crf;
  options.encoder.preset = "ultrafast";
  options.encoder.threads = 1;
  if (!video.audio.empty()) {
    AudioCopy audio;
    audio.path = video.audio;
    options.audio = audio;
  }
  VideoWriter writer(path, options);
  for (int i = 0; i < video.frames; ++i) writer.Write(TestFrame(video.format, i, TestPts(video, i)));
  writer.Commit();
}

void WriteTestTone(const std::filesystem::path& path, double seconds, int sample_rate, double hertz) {
  std::vector<float> samples(static_cast<size_t>(std::llround(seconds * sample_rate)));
  double phase = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double second = std::floor(static_cast<double>(i) / sample_rate);
    phase += 2 * std::numbers::pi * hertz * (1 + 0.1 * second) / sample_rate;
    samples[i] = 0.3f * static_cast<float>(std::sin(phase) * (1 + 0.2 * std::sin(i * 0.0007)));
  }
  WriteAudioFile(path, samples, sample_rate);
}

}  // namespace reelswap::testing
