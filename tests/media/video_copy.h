#pragma once

// What the writer's tests share: reading a video back, copying one, catching an Error.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "testing/synthetic_video.h"

namespace reelswap {

namespace fs = std::filesystem;

struct Read {
  VideoInfo info;
  std::vector<int64_t> pts;
  std::vector<int> numbers;
  DecodeReport report;
};

inline Read ReadAll(const fs::path& path, const ReadOptions& options = {}) {
  VideoReader reader(path, options);
  Read all;
  all.info = reader.info();
  while (auto frame = reader.Next()) {
    all.pts.push_back(frame->pts());
    all.numbers.push_back(testing::ReadFrameNumber(*frame));
  }
  all.report = reader.report();
  return all;
}

inline std::vector<int> Iota(int count) {
  std::vector<int> numbers(count);
  for (int i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

// Copies every frame of `from`, with audio, as convert does.
inline WriteReport CopyVideo(const fs::path& from, const fs::path& to, const ReadOptions& range = {},
                             const std::string& codec = "h264") {
  VideoReader reader(from, range);
  WriteOptions options;
  options.video = reader.info();
  options.encoder.codec = codec;
  options.encoder.preset = "ultrafast";
  AudioCopy audio;
  audio.path = from;
  audio.start_seconds = range.start_seconds;
  audio.end_seconds = range.end_seconds;
  options.audio = audio;
  VideoWriter writer(to, options);
  while (auto frame = reader.Next()) writer.Write(*frame);
  return writer.Commit();
}

inline std::string MessageOf(const std::function<void()>& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

inline std::vector<std::string> FilesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

inline WriteOptions SmallOptions() {
  WriteOptions options;
  options.video.format = testing::TestVideo::Format(128, 64);
  options.video.frame_rate = {25, 1};
  options.video.time_base = {1, 25};
  options.encoder.preset = "ultrafast";
  return options;
}

}  // namespace reelswap
