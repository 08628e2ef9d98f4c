// Audio through the writer: packets, times, cuts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "media/inspect.h"
#include "media/video_copy.h"
#include "media/video_writer.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestFrame;
using testing::TestVideo;
using testing::WriteTestTone;
using testing::WriteTestVideo;

TEST(StreamCopier, CopiesAudioPacketForPacket) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 3.0);
  const auto source = AudioPacketDigests(dir / "tone.m4a");
  ASSERT_GT(source.size(), 140u);  // 3 s of 1024-sample packets at 48 kHz
  for (const char* name : {"a.mp4", "a.mov", "a.mkv"}) {
    TestVideo video;
    video.frames = 60;  // 2 s: the audio is longer and stays so
    video.audio = dir / "tone.m4a";
    WriteTestVideo(dir / name, video);
    const auto copy = AudioPacketDigests(dir / name);
    ASSERT_EQ(copy.size(), source.size()) << name;
    const double shift = copy[0].seconds() - source[0].seconds();
    const bool exact = std::string(name) != "a.mkv";
    if (exact) {
      EXPECT_EQ(shift, 0) << name;
    }
    for (size_t i = 0; i < copy.size(); ++i) {
      ASSERT_EQ(copy[i].sha256, source[i].sha256) << name << " packet " << i;
      // Matroska stores milliseconds.
      EXPECT_NEAR(copy[i].seconds() - shift, source[i].seconds(), exact ? 1e-9 : 1.1e-3)
          << name << " packet " << i;
    }
    // What the audio was moved by, the video was moved by too.
    const VideoTimes times = VideoPts(dir / name);
    EXPECT_NEAR(times.pts.front() * times.time_base.ToDouble(), shift, exact ? 1e-9 : 1.1e-3) << name;
  }
}

TEST(StreamCopier, CopiesSoundAgainAndAgainWithoutDrift) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 2.0, 44100);
  TestVideo video;
  video.frame_rate = {30000, 1001};
  video.time_base = {1, 30000};
  video.frames = 60;
  video.audio = dir / "tone.m4a";
  WriteTestVideo(dir / "0.mp4", video);
  for (int i = 0; i < 3; ++i)
    CopyVideo(dir / (std::to_string(i) + ".mp4"), dir / (std::to_string(i + 1) + ".mp4"));
  EXPECT_EQ(VideoPts(dir / "3.mp4").pts, VideoPts(dir / "0.mp4").pts);
  const auto first = AudioPacketDigests(dir / "0.mp4");
  const auto last = AudioPacketDigests(dir / "3.mp4");
  ASSERT_EQ(first.size(), last.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].pts, last[i].pts);
    EXPECT_EQ(first[i].sha256, last[i].sha256);
  }
}

TEST(StreamCopier, CutsAudioAndVideoTogether) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 12.0);
  TestVideo video;
  video.frames = 360;
  video.audio = dir / "tone.m4a";
  WriteTestVideo(dir / "a.mp4", video);
  const auto source = AudioPacketDigests(dir / "a.mp4");
  struct Range {
    double start, end;
  };
  // With and without seeking; 8.0 is far beyond the only early key frame.
  for (const Range range : {Range{1.0, 2.5}, Range{8.0, 9.5}}) {
    ReadOptions read;
    read.start_seconds = range.start;
    read.end_seconds = range.end;
    const WriteReport report = CopyVideo(dir / "a.mp4", dir / "b.mp4", read);
    EXPECT_EQ(report.frames, 45);
    const Read cut = ReadAll(dir / "b.mp4");
    ASSERT_EQ(cut.numbers.size(), 45u);
    EXPECT_EQ(cut.numbers.front(), static_cast<int>(range.start * 30));
    EXPECT_EQ(cut.pts.front(), 0);
    const auto copy = AudioPacketDigests(dir / "b.mp4");
    // Packets are 21.3 ms; whole ones reach over both edges of 1.5 s, and one before them fills the decoder's
    // window.
    EXPECT_NEAR(copy.size() * 1024 / 48000.0, 1.5, 3 * 1024 / 48000.0);
    const auto found = std::find_if(source.begin(), source.end(),
                                    [&](const PacketDigest& p) { return p.sha256 == copy.front().sha256; });
    ASSERT_NE(found, source.end());
    const auto offset = static_cast<size_t>(found - source.begin());
    for (size_t i = 0; i < copy.size(); ++i) {
      EXPECT_EQ(copy[i].sha256, source[offset + i].sha256);
      // Audio keeps its place beside the video to the sample.
      EXPECT_NEAR(copy[i].seconds(), source[offset + i].seconds() - range.start, 1.0 / 48000);
    }
    EXPECT_LE(copy.front().seconds(), 0);
    EXPECT_GE(copy.front().seconds(), -2 * 1024 / 48000.0);
    EXPECT_LT(copy.back().seconds(), 1.5);
  }
}

TEST(StreamCopier, SucceedsWhenTheSourceHasNoAudio) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  const WriteReport report = CopyVideo(dir / "a.mp4", dir / "b.mp4");
  EXPECT_EQ(report.frames, 30);
  EXPECT_EQ(report.audio_streams, 0);
  EXPECT_EQ(report.message, "");
}

TEST(StreamCopier, DropsAudioThatTheContainerRefusesAndSaysSo) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 1.0);
  WriteOptions options = SmallOptions();
  options.encoder.codec = "av1";
  options.encoder.preset = "12";
  AudioCopy audio;
  audio.path = dir / "tone.m4a";
  options.audio = audio;
  VideoWriter writer(dir / "a.webm", options);
  for (int i = 0; i < 25; ++i) writer.Write(TestFrame(options.video.format, i, i));
  const WriteReport report = writer.Commit();
  EXPECT_EQ(report.audio_streams, 0);
  EXPECT_THAT(report.message, HasSubstr("aac does not go into webm"));
  EXPECT_EQ(ReadAll(dir / "a.webm").numbers.size(), 25u);
}

TEST(StreamCopier, FailsWhenTheAudioFileIsMissing) {
  TempDir dir;
  WriteOptions options = SmallOptions();
  AudioCopy audio;
  audio.path = dir / "none.m4a";
  options.audio = audio;
  EXPECT_THAT(MessageOf([&] { VideoWriter(dir / "a.mp4", options); }, ErrorKind::kMedia),
              HasSubstr("no such file"));
  EXPECT_TRUE(FilesIn(dir.path()).empty());
}

}  // namespace
}  // namespace reelswap
