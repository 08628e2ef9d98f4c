#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/frame.h"
#include "media/inspect.h"
#include "media/video_reader.h"

// What tests ask of the files that a run left behind.

namespace reelswap::testing {

/// The report of the last run of project `name`, started in `folder`.
inline nlohmann::json ReadReport(const std::filesystem::path& folder, const std::string& name = "small") {
  return nlohmann::json::parse(ReadFile(folder / "data" / name / "report.json"));
}

/// The report's items of one stage.
inline std::vector<nlohmann::json> ItemsOf(const nlohmann::json& report, const std::string& stage) {
  std::vector<nlohmann::json> items;
  for (const nlohmann::json& item : report.at("items")) {
    if (item.at("stage") == stage) items.push_back(item);
  }
  return items;
}

/// Files below a folder, relative to it and sorted; without the reports that every run adds.
inline std::vector<std::string> FilesBelow(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    if (entry.is_regular_file() && !name.starts_with("reports/")) files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Those of FilesBelow that are under a final name: not the temporary ones, which say ".part".
inline std::vector<std::string> FinalFilesBelow(const std::filesystem::path& folder) {
  std::vector<std::string> files = FilesBelow(folder);
  std::erase_if(files, [](const std::string& name) { return name.find(".part") != std::string::npos; });
  return files;
}

/// All frames of a video; for short ones.
inline std::vector<Frame> ReadFrames(const std::filesystem::path& video) {
  VideoReader reader(video);
  std::vector<Frame> frames;
  while (auto frame = reader.Next()) frames.push_back(frame->Clone());
  return frames;
}

/// Presentation times in seconds.
inline std::vector<double> Seconds(const std::filesystem::path& video) {
  const VideoTimes times = VideoPts(video);
  std::vector<double> seconds;
  for (int64_t pts : times.pts) seconds.push_back(static_cast<double>(pts) * times.time_base.ToDouble());
  return seconds;
}

/// Every audio packet of the source is in the output, in the same order and byte for byte.
inline void ExpectSameAudioPackets(const std::filesystem::path& source, const std::filesystem::path& output) {
  const auto audio = AudioPacketDigests(source), copied = AudioPacketDigests(output);
  ASSERT_EQ(copied.size(), audio.size()) << output;
  for (size_t i = 0; i < audio.size(); ++i) {
    ASSERT_EQ(copied[i].sha256, audio[i].sha256) << output << " audio packet " << i;
  }
}

/// The output keeps every frame's time and every audio packet, with its time, of its source.
inline void ExpectSameTimesAndAudio(const std::filesystem::path& source,
                                    const std::filesystem::path& output) {
  const auto expected = Seconds(source), got = Seconds(output);
  ASSERT_EQ(got.size(), expected.size()) << output;
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-6) << output << " frame " << i;
  ExpectSameAudioPackets(source, output);
  const auto audio = AudioPacketDigests(source), copied = AudioPacketDigests(output);
  for (size_t i = 0; i < std::min(audio.size(), copied.size()); ++i) {
    ASSERT_NEAR(copied[i].seconds(), audio[i].seconds(), 1e-3) << output << " audio packet " << i;
  }
}

}  // namespace reelswap::testing
