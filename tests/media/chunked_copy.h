#pragma once

// What the tests of chunks and their joining share.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "media/video_assembly.h"
#include "media/video_copy.h"

namespace reelswap {

struct ChunkedCopy {
  std::string codec = "h264";
  std::string preset = "veryfast";  // has B-frames in x264 and x265
  int crf = 23;
  std::vector<int> lengths = {10};  // frames of the chunks in turn; the last one repeats
  ReadOptions range;
  bool streams = true;
};

struct CopyResult {
  AssemblyReport report;
  std::vector<ChunkInfo> chunks;
  std::vector<fs::path> files;
  VideoInfo video;
  double seconds = 0;        // first frame to end of the last
  double longest_frame = 0;  // s
};

inline std::string ContainerOf(const fs::path& path) { return path.extension().string().substr(1); }

// Encodes the frames of `from` in chunks beside `to` and joins them, as convert does.
inline CopyResult CopyInChunks(const fs::path& from, const fs::path& to, const ChunkedCopy& how) {
  CopyResult result;
  VideoReader reader(from, how.range);
  result.video = reader.info();
  EncoderOptions encoder;
  encoder.codec = how.codec;
  encoder.preset = how.preset;
  encoder.crf = how.crf;
  encoder.threads = 1;
  std::optional<ChunkWriter> chunk;
  int left = 0;
  int64_t first = 0, last = 0, gap = 0;
  for (auto frame = reader.Next(); frame;) {
    if (!chunk) {
      const size_t number = result.files.size();
      result.files.push_back(to.string() + "." + std::to_string(number) + ".chunk");
      chunk.emplace(result.files.back(), result.video, encoder, ContainerOf(to));
      left = how.lengths[std::min(number, how.lengths.size() - 1)];
    }
    if (result.chunks.empty() && first == 0 && last == 0) first = frame->pts();
    chunk->Write(*frame);
    const int64_t before = frame->pts();
    frame = reader.Next();
    gap = frame ? frame->pts() - before : gap;
    last = before;
    result.longest_frame = std::max(result.longest_frame, gap * result.video.time_base.ToDouble());
    if (--left > 0 && frame) continue;
    result.chunks.push_back(chunk->Commit(frame ? std::optional(frame->pts()) : std::nullopt));
    chunk.reset();
  }
  if (gap == 0)
    gap = std::max<int64_t>(
        1, std::llround(1 / result.video.frame_rate.ToDouble() / result.video.time_base.ToDouble()));
  if (!result.chunks.empty()) first = result.chunks.front().first_pts;
  result.seconds = static_cast<double>(last - first + gap) * result.video.time_base.ToDouble();
  result.longest_frame = std::max(result.longest_frame, gap * result.video.time_base.ToDouble());
  AssemblyOptions options;
  options.video = result.video;
  if (how.streams) options.copies.range.path = from;
  options.copies.range.start_seconds = how.range.start_seconds;
  options.copies.range.end_seconds = how.range.end_seconds;
  VideoAssembly assembly(to, options);
  for (const fs::path& file : result.files) assembly.Add(file);
  result.report = assembly.Commit();
  return result;
}

// What CheckVideo is to find in such a copy.
inline ExpectedVideo ExpectedOf(const CopyResult& copy) {
  ExpectedVideo expected;
  expected.frames = copy.report.frames;
  expected.seconds = copy.seconds;
  expected.longest_frame = copy.longest_frame;
  expected.audio_streams = copy.report.audio_streams;
  expected.subtitle_streams = copy.report.subtitle_streams;
  expected.audio_packets = copy.report.audio_packets;
  return expected;
}

// A digest of every frame's samples.
inline std::vector<std::string> PictureDigests(const fs::path& path, const ReadOptions& options = {}) {
  VideoReader reader(path, options);
  std::vector<std::string> digests;
  while (auto frame = reader.Next()) {
    std::string bytes;
    for (int p = 0; p < frame->format().PlaneCount(); ++p) {
      const cv::Mat plane = frame->Plane(p);
      for (int y = 0; y < plane.rows; ++y) {
        bytes.append(plane.ptr<char>(y), static_cast<size_t>(plane.cols) * plane.elemSize());
      }
    }
    digests.push_back(Sha256OfBytes(bytes));
  }
  return digests;
}

}  // namespace reelswap
