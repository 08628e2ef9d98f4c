// Chunks: what they hold, and how they tell that they are not whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "media/chunked_copy.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestFrame;
using testing::TestVideo;

VideoInfo SmallVideo() {
  VideoInfo video;
  video.format = TestVideo::Format(128, 64);
  video.frame_rate = {25, 1};
  video.time_base = {1, 12800};
  return video;
}

EncoderOptions Encoder(const std::string& codec, const std::string& preset) {
  EncoderOptions encoder;
  encoder.codec = codec;
  encoder.preset = preset;
  encoder.threads = 1;
  return encoder;
}

ChunkInfo WriteChunk(const fs::path& path, const EncoderOptions& encoder, int first, int count,
                     const std::string& container) {
  const VideoInfo video = SmallVideo();
  ChunkWriter chunk(path, video, encoder, container);
  for (int i = first; i < first + count; ++i) chunk.Write(TestFrame(video.format, i, i * 512));
  return chunk.Commit((first + count) * 512);
}

TEST(ChunkWriter, SaysWhatItHolds) {
  TempDir dir;
  const ChunkInfo made = WriteChunk(dir / "c", Encoder("h264", "veryfast"), 7, 12, "mp4");
  const auto read = ReadChunk(dir / "c");
  ASSERT_TRUE(read);
  for (const ChunkInfo& info : {made, *read}) {
    EXPECT_EQ(info.frames, 12);
    EXPECT_EQ(info.first_pts, 7 * 512);
    EXPECT_EQ(info.last_pts, 18 * 512);
    EXPECT_THAT(info.encoder, HasSubstr("libx264"));
    EXPECT_THAT(info.encoder, HasSubstr("crf=18"));
    EXPECT_THAT(info.encoder, HasSubstr("128 x 64 px yuv420p"));
    EXPECT_EQ(info.encoder.find('\n'), std::string::npos);
  }
  EXPECT_EQ(made.encoder, read->encoder);
  EXPECT_EQ(FilesIn(dir.path()), std::vector<std::string>{"c"});
}

TEST(ChunkWriter, GivesTheSameBytesForTheSameFramesWhateverCameBefore) {
  TempDir dir;
  for (const auto& [codec, preset] : {std::pair("h264", "veryfast"), std::pair("hevc", "ultrafast"),
                                      std::pair("av1", "12"), std::pair("vp9", "veryfast")}) {
    SCOPED_TRACE(codec);
    for (const int threads : {1, 2}) {
      EncoderOptions encoder = Encoder(codec, preset);
      encoder.threads = threads;
      const ChunkInfo once = WriteChunk(dir / "a", encoder, 20, 15, "mkv");
      WriteChunk(dir / "x", encoder, 0, 20, "mkv");
      const ChunkInfo again = WriteChunk(dir / "b", encoder, 20, 15, "mkv");
      EXPECT_EQ(ReadFile(dir / "a"), ReadFile(dir / "b")) << threads;
      EXPECT_EQ(once.encoder, again.encoder);
      EXPECT_EQ(once.encoder, ReadChunk(dir / "x")->encoder);
    }
  }
}

TEST(ChunkWriter, NumberOfThreadsIsNoOtherEncoding) {
  TempDir dir;
  for (const auto& [codec, preset] :
       {std::pair("h264", "veryfast"), std::pair("hevc", "ultrafast"), std::pair("av1", "12")}) {
    EncoderOptions encoder = Encoder(codec, preset);
    const ChunkInfo one = WriteChunk(dir / "a", encoder, 0, 3, "mkv");
    encoder.threads = 2;
    EXPECT_EQ(WriteChunk(dir / "b", encoder, 0, 3, "mkv").encoder, one.encoder) << codec;
    encoder.crf = 30;
    EXPECT_NE(WriteChunk(dir / "c", encoder, 0, 3, "mkv").encoder, one.encoder) << codec;
  }
}

TEST(ReadChunk, KnowsTornAndDamagedFiles) {
  TempDir dir;
  WriteChunk(dir / "c", Encoder("h264", "ultrafast"), 0, 5, "mp4");
  const std::string bytes = ReadFile(dir / "c");
  ASSERT_TRUE(ReadChunk(dir / "c"));
  const auto whole = [&](const std::string& changed) {
    std::ofstream(dir / "d", std::ios::binary) << changed;
    return ReadChunk(dir / "d").has_value();
  };
  EXPECT_TRUE(whole(bytes));
  for (size_t length = 0; length < bytes.size(); length += 1 + length / 13) {
    EXPECT_FALSE(whole(bytes.substr(0, length))) << length;
  }
  for (size_t at = 0; at < bytes.size(); at += 97) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_FALSE(whole(changed)) << at;
  }
  for (size_t back = 1; back <= 32; ++back) {
    std::string changed = bytes;
    changed[bytes.size() - back] = static_cast<char>(changed[bytes.size() - back] ^ 1);
    EXPECT_FALSE(whole(changed)) << "tail " << back;
  }
  EXPECT_FALSE(whole(bytes + "x"));
  EXPECT_FALSE(whole(std::string(500, '\0')));
  EXPECT_FALSE(ReadChunk(dir / "none"));
  EXPECT_FALSE(ReadChunk(dir.path()));
}

TEST(ChunkWriter, LeavesNothingWithoutCommit) {
  TempDir dir;
  {
    ChunkWriter chunk(dir / "c", SmallVideo(), Encoder("h264", "ultrafast"), "mp4");
    for (int i = 0; i < 30; ++i) chunk.Write(TestFrame(SmallVideo().format, i, i));
    EXPECT_FALSE(fs::exists(dir / "c"));
  }
  EXPECT_TRUE(FilesIn(dir.path()).empty());
}

TEST(ChunkWriter, RefusesWhatTheContainerWillNotTake) {
  TempDir dir;
  const auto message = [&](const char* codec, const char* container) {
    return MessageOf([&] { ChunkWriter(dir / "c", SmallVideo(), Encoder(codec, "veryfast"), container); },
                     ErrorKind::kMedia);
  };
  EXPECT_THAT(message("h264", "webm"), HasSubstr("vp9"));
  EXPECT_THAT(message("ffv1", "mp4"), HasSubstr(".mkv"));
  EXPECT_THAT(message("h264", "avi"), HasSubstr(".mp4, .mov, .mkv or .webm"));
  EXPECT_TRUE(FilesIn(dir.path()).empty());
}

TEST(ChunkWriter, RefusesFramesThatBreakTheContract) {
  TempDir dir;
  ChunkWriter chunk(dir / "c", SmallVideo(), Encoder("h264", "ultrafast"), "mp4");
  EXPECT_THROW(chunk.Write(TestFrame(TestVideo::Format(64, 64), 0, 0)), std::invalid_argument);
  EXPECT_THROW(chunk.Commit(std::nullopt), std::invalid_argument);
  chunk.Write(TestFrame(SmallVideo().format, 0, 5));
  EXPECT_THROW(chunk.Write(TestFrame(SmallVideo().format, 1, 5)), std::invalid_argument);
  EXPECT_THROW(chunk.Commit(5), std::invalid_argument);
}

TEST(ChunkWriter, ReportsADiskThatTakesNoMoreAndLeavesNothing) {
  TempDir dir;
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = MessageOf(
      [&] {
        ChunkWriter chunk(dir / "c", SmallVideo(), Encoder("ffv1", ""), "mkv");
        for (int i = 0; i < 400; ++i) chunk.Write(TestFrame(SmallVideo().format, i, i));
        chunk.Commit(std::nullopt);
      },
      ErrorKind::kDisk);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("cannot write"));
  EXPECT_TRUE(FilesIn(dir.path()).empty());
}

TEST(EncoderHardware, FallsBackToSoftwareAndSaysSo) {
  if (access("/dev/dri", F_OK) == 0 || access("/dev/nvidia0", F_OK) == 0) GTEST_SKIP() << "there is a device";
  TempDir dir;
  for (const char* codec : {"h264", "hevc"}) {
    EncoderOptions encoder = Encoder(codec, "ultrafast");
    encoder.hardware = "auto";
    const VideoInfo video = SmallVideo();
    ChunkWriter chunk(dir / "c", video, encoder, "mp4");
    for (int i = 0; i < 3; ++i) chunk.Write(TestFrame(video.format, i, i * 512));
    EXPECT_THAT(chunk.Commit(std::nullopt).encoder, HasSubstr("libx26"));
    AssemblyOptions options;
    options.video = video;
    VideoAssembly assembly(dir / "a.mp4", options);
    assembly.Add(dir / "c");
    EXPECT_THAT(assembly.Commit().message, HasSubstr("no hardware encoder works here"));
  }
  EncoderOptions wrong;
  wrong.hardware = "yes";
  EXPECT_THAT(MessageOf([&] { ChunkWriter(dir / "c", SmallVideo(), wrong, "mp4"); }, ErrorKind::kMedia),
              HasSubstr("auto or off"));
}

}  // namespace
}  // namespace reelswap
