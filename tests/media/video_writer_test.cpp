#include "media/video_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "media/inspect.h"
#include "media/video_copy.h"
#include "media/video_reader.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadFrameNumber;
using testing::TempDir;
using testing::TestFrame;
using testing::TestPts;
using testing::TestVideo;
using testing::WriteTestVideo;

TEST(VideoWriter, KeepsEveryPtsOfTheNtscRateExactly) {
  TempDir dir;
  TestVideo video;
  video.frames = 60;
  video.frame_rate = {30000, 1001};
  video.time_base = {1, 30000};
  WriteTestVideo(dir / "a.mp4", video);
  const VideoTimes times = VideoPts(dir / "a.mp4");
  EXPECT_EQ(times.time_base, (Rational{1, 30000}));
  ASSERT_EQ(times.pts.size(), 60u);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(times.pts[i], 1001 * i);
  EXPECT_EQ(times.last_duration, 1001);
  const Read read = ReadAll(dir / "a.mp4");
  EXPECT_EQ(read.pts, times.pts);
  EXPECT_EQ(read.numbers, Iota(60));
  EXPECT_EQ(read.info.frame_rate, (Rational{30000, 1001}));
  EXPECT_NEAR(read.info.duration_seconds, 60 * 1001 / 30000.0, 1e-6);
}

TEST(VideoWriter, KeepsVariableFrameTimesExactly) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 90000};
  video.pts = {0, 3003, 9001, 9002, 40000, 123456, 126459, 500000, 502999, 1000000};
  video.frames = static_cast<int>(video.pts.size());
  for (const char* codec : {"h264", "hevc"}) {
    video.codec = codec;
    WriteTestVideo(dir / "a.mp4", video);
    EXPECT_EQ(VideoPts(dir / "a.mp4").pts, video.pts) << codec;
    EXPECT_EQ(ReadAll(dir / "a.mp4").pts, video.pts) << codec;
    CopyVideo(dir / "a.mp4", dir / "b.mov", {}, codec);
    EXPECT_EQ(VideoPts(dir / "b.mov").pts, video.pts) << codec;
  }
}

TEST(VideoWriter, KeepsATimeBaseWhoseTicksAreNotOneOverSomething) {
  TempDir dir;
  TestVideo video;
  video.frames = 12;
  video.frame_rate = {30000, 1001};
  video.time_base = {1001, 30000};
  WriteTestVideo(dir / "a.mp4", video);
  const VideoTimes times = VideoPts(dir / "a.mp4");
  EXPECT_EQ(times.time_base, (Rational{1, 30000}));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(times.pts[i], 1001 * i);
}

TEST(VideoWriter, KeepsAFirstFrameThatIsNotAtZero) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 90000};
  video.frames = 5;
  video.pts = {126001, 129001, 132001, 135001, 138001};
  WriteTestVideo(dir / "a.mp4", video);
  EXPECT_EQ(ReadAll(dir / "a.mp4").pts, video.pts);
}

TEST(VideoWriter, MovesAFirstFrameBeforeZeroToZero) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 1000};
  video.frames = 4;
  video.pts = {-500, -460, -420, 100};
  WriteTestVideo(dir / "a.mp4", video);
  EXPECT_THAT(ReadAll(dir / "a.mp4").pts, ElementsAre(0, 40, 80, 600));
}

TEST(VideoWriter, KeepsMillisecondTimesInMatroska) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 1000};
  video.pts = {0, 33, 67, 100, 900, 933};
  video.frames = 6;
  WriteTestVideo(dir / "a.mkv", video);
  EXPECT_EQ(ReadAll(dir / "a.mkv").pts, video.pts);
}

TEST(VideoWriter, WritesASingleFrameWithTheLengthOfOne) {
  TempDir dir;
  TestVideo video;
  video.frames = 1;
  video.frame_rate = {25, 1};
  video.time_base = {1, 12800};
  WriteTestVideo(dir / "a.mp4", video);
  EXPECT_EQ(ReadAll(dir / "a.mp4").numbers, Iota(1));
  EXPECT_EQ(VideoPts(dir / "a.mp4").last_duration, 512);
}

TEST(VideoWriter, PutsTheIndexBeforeTheMediaData) {
  TempDir dir;
  for (const char* name : {"a.mp4", "a.mov"}) {
    WriteTestVideo(dir / name, TestVideo{});
    const std::string bytes = ReadFile(dir / name);
    std::vector<std::string> boxes;
    for (size_t at = 0; at + 8 <= bytes.size();) {
      uint32_t size = 0;
      for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[at + i]);
      boxes.push_back(bytes.substr(at + 4, 4));
      ASSERT_GE(size, 8u);
      at += size;
    }
    const auto moov = std::find(boxes.begin(), boxes.end(), "moov");
    const auto mdat = std::find(boxes.begin(), boxes.end(), "mdat");
    ASSERT_NE(moov, boxes.end());
    ASSERT_NE(mdat, boxes.end());
    EXPECT_LT(moov, mdat) << name;
  }
}

TEST(VideoWriter, StoresMetadataOfAnyName) {
  TempDir dir;
  for (const char* name : {"a.mp4", "a.mkv"}) {
    WriteOptions options = SmallOptions();
    options.metadata = {{"title", "Grüße"}, {"SWAP_NOTE", "made by a test"}};
    VideoWriter writer(dir / name, options);
    writer.Write(TestFrame(options.video.format, 0, 0));
    writer.Commit();
    const auto tags = ContainerTags(dir / name);
    EXPECT_THAT(tags, ::testing::Contains(::testing::Pair("title", "Grüße"))) << name;
    EXPECT_THAT(tags, ::testing::Contains(::testing::Pair("SWAP_NOTE", "made by a test"))) << name;
  }
}

TEST(VideoWriter, KeepsDepthChromaAndColourTags) {
  TempDir dir;
  struct Case {
    int depth, shift_x, shift_y;
    bool full;
  };
  for (const Case c :
       {Case{10, 1, 1, false}, Case{8, 1, 0, false}, Case{8, 0, 0, true}, Case{10, 0, 0, false}}) {
    WriteOptions options = SmallOptions();
    FrameFormat& format = options.video.format;
    format.bit_depth = c.depth;
    format.chroma_shift_x = c.shift_x;
    format.chroma_shift_y = c.shift_y;
    format.full_range = c.full;
    format.matrix = ColorMatrix::kBt2020;
    format.transfer = Transfer::kPq;
    format.wide_gamut = true;
    options.video.color_primaries = 9;
    options.video.color_transfer = 16;
    options.video.color_space = 9;
    options.video.sample_aspect = {4, 3};
    VideoWriter writer(dir / "a.mp4", options);
    for (int i = 0; i < 3; ++i) writer.Write(TestFrame(format, i, i));
    EXPECT_EQ(writer.Commit().message, "");
    const VideoInfo info = ProbeVideo(dir / "a.mp4");
    EXPECT_EQ(info.format, format);
    EXPECT_EQ(info.color_primaries, 9);
    EXPECT_EQ(info.color_transfer, 16);
    EXPECT_EQ(info.color_space, 9);
    EXPECT_EQ(info.sample_aspect, (Rational{4, 3}));
  }
}

TEST(VideoWriter, EncodesTwelveBitsWithTenAndSaysSo) {
  TempDir dir;
  WriteOptions options = SmallOptions();
  options.video.format.bit_depth = 12;
  VideoWriter writer(dir / "a.mp4", options);
  writer.Write(TestFrame(options.video.format, 5, 0));
  EXPECT_THAT(writer.Commit().message, HasSubstr("yuv420p10le"));
  EXPECT_EQ(ProbeVideo(dir / "a.mp4").format.bit_depth, 10);
}

TEST(VideoWriter, EncodesOddSizesAsFullChroma) {
  TempDir dir;
  for (const char* codec : {"h264", "hevc"}) {
    TestVideo video;
    video.format = TestVideo::Format(161, 91);
    video.frames = 5;
    video.codec = codec;
    WriteTestVideo(dir / "a.mp4", video);
    const Read read = ReadAll(dir / "a.mp4");
    EXPECT_EQ(read.info.format.width, 161) << codec;
    EXPECT_EQ(read.info.format.height, 91) << codec;
    EXPECT_EQ(read.info.format.chroma_shift_x, 0) << codec;
    EXPECT_EQ(read.numbers, Iota(5)) << codec;
  }
}

TEST(VideoWriter, KeepsTheLumaOfOddSizesBitForBitWhenItAddsChroma) {
  TempDir dir;
  TestVideo video;
  video.format = TestVideo::Format(161, 91);
  video.frames = 2;
  video.crf = 0;  // x264 is lossless there
  WriteTestVideo(dir / "a.mp4", video);
  VideoReader reader(dir / "a.mp4");
  for (int i = 0; i < 2; ++i) {
    const auto frame = reader.Next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(cv::norm(frame->Luma(), TestFrame(video.format, i, 0).Luma(), cv::NORM_INF), 0);
  }
}

TEST(VideoWriter, Ffv1IsLosslessAtOddSizesAndSixteenBits) {
  TempDir dir;
  for (const int depth : {8, 10, 16}) {
    TestVideo video;
    video.codec = "ffv1";
    video.format = TestVideo::Format(101, 77);
    video.format.bit_depth = depth;
    video.frames = 2;
    video.time_base = {1, 1000};
    WriteTestVideo(dir / "a.mkv", video);
    VideoReader reader(dir / "a.mkv");
    EXPECT_EQ(reader.info().format.bit_depth, depth);
    for (int i = 0; i < 2; ++i) {
      const auto frame = reader.Next();
      ASSERT_TRUE(frame);
      const Frame made = TestFrame(video.format, i, 0);
      for (int p = 0; p < 3; ++p) EXPECT_EQ(cv::norm(frame->Plane(p), made.Plane(p), cv::NORM_INF), 0);
    }
  }
}

TEST(VideoWriter, WritesAv1IntoWebm) {
  TempDir dir;
  WriteOptions options = SmallOptions();
  options.encoder.codec = "av1";
  options.encoder.preset = "12";
  options.encoder.crf = 40;
  VideoWriter writer(dir / "a.webm", options);
  for (int i = 0; i < 5; ++i) writer.Write(TestFrame(options.video.format, i, i));
  EXPECT_EQ(writer.Commit().frames, 5);
  const Read read = ReadAll(dir / "a.webm");
  EXPECT_EQ(read.info.codec, "av1");
  EXPECT_EQ(read.pts, (std::vector<int64_t>{0, 40, 80, 120, 160}));
}

TEST(VideoWriter, LeavesOnlyTheFinalFile) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  EXPECT_THAT(FilesIn(dir.path()), ElementsAre("a.mp4"));
}

TEST(VideoWriter, LeavesNothingWhenAborted) {
  TempDir dir;
  {
    VideoWriter writer(dir / "a.mp4", SmallOptions());
    for (int i = 0; i < 50; ++i) writer.Write(TestFrame(SmallOptions().video.format, i, i));
    EXPECT_EQ(FilesIn(dir.path()).size(), 1u);
    EXPECT_FALSE(fs::exists(dir / "a.mp4"));
  }
  EXPECT_TRUE(FilesIn(dir.path()).empty());
}

TEST(VideoWriter, KeepsTheOldFileUntilTheNewOneIsComplete) {
  TempDir dir;
  std::ofstream(dir / "a.mp4") << "old";
  VideoWriter writer(dir / "a.mp4", SmallOptions());
  writer.Write(TestFrame(SmallOptions().video.format, 3, 0));
  const fs::path temporary = writer.FinishTemporary();
  EXPECT_EQ(ReadFile(dir / "a.mp4"), "old");
  EXPECT_EQ(ReadAll(temporary).numbers.size(), 1u);
  writer.Commit();
  EXPECT_FALSE(fs::exists(temporary));
  EXPECT_EQ(ReadAll(dir / "a.mp4").numbers.front(), 3);
}

TEST(VideoWriter, NeverReplacesWhatIsNoFile) {
  TempDir dir;
  fs::create_directory(dir / "a.mp4");
  ASSERT_EQ(mkfifo((dir / "b.mp4").c_str(), 0600), 0);
  for (const char* name : {"a.mp4", "b.mp4"}) {
    EXPECT_THAT(MessageOf([&] { VideoWriter(dir / name, SmallOptions()); }, ErrorKind::kDisk),
                HasSubstr("not a file"));
  }
  EXPECT_THAT(FilesIn(dir.path()), ElementsAre("a.mp4", "b.mp4"));
}

TEST(VideoWriter, ExplainsWrongEncoderSettings) {
  TempDir dir;
  const auto message = [&](const std::string& name, auto change) {
    WriteOptions options = SmallOptions();
    change(options);
    return MessageOf([&] { VideoWriter(dir / name, options); }, ErrorKind::kMedia);
  };
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.codec = "h265"; }),
              HasSubstr("use h264, hevc, av1, ffv1"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.codec = "aac"; }),
              HasSubstr("does not encode pictures"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.preset = "veryfst"; }), HasSubstr("veryfast"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.crf = 52; }), HasSubstr("0 (best) to 51"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.crf = -1; }), HasSubstr("0 (best) to 51"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.codec = "av1", o.encoder.preset = "14"; }),
              HasSubstr("13"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.encoder.codec = "ffv1"; }), HasSubstr(".mkv"));
  EXPECT_THAT(message("a.webm", [](auto&) {}), HasSubstr("av1"));
  EXPECT_THAT(message("a.avi", [](auto&) {}), HasSubstr(".mp4, .mov, .mkv or .webm"));
  EXPECT_THAT(message("a.mp4", [](auto& o) { o.video.format.width = 20000; }), HasSubstr("16384"));
  EXPECT_TRUE(FilesIn(dir.path()).empty()) << "a refused writer left a file";
}

TEST(VideoWriter, RefusesFramesThatBreakTheContract) {
  TempDir dir;
  const WriteOptions options = SmallOptions();
  VideoWriter writer(dir / "a.mp4", options);
  EXPECT_THROW(writer.Write(TestFrame(TestVideo::Format(64, 64), 0, 0)), std::invalid_argument);
  writer.Write(TestFrame(options.video.format, 0, 5));
  EXPECT_THROW(writer.Write(TestFrame(options.video.format, 1, 5)), std::invalid_argument);
}

TEST(VideoWriter, SaysThatNoFrameWasGiven) {
  TempDir dir;
  VideoWriter writer(dir / "a.mp4", SmallOptions());
  EXPECT_THAT(MessageOf([&] { writer.Commit(); }, ErrorKind::kMedia), HasSubstr("not one frame"));
}

TEST(VideoWriter, ReportsADiskThatTakesNoMoreAndLeavesNothing) {
  TempDir dir;
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 200'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = MessageOf(
      [&] {
        WriteOptions options = SmallOptions();
        options.encoder.codec = "ffv1";
        VideoWriter writer(dir / "a.mkv", options);
        for (int i = 0; i < 400; ++i) writer.Write(TestFrame(options.video.format, i, i));
        writer.Commit();
      },
      ErrorKind::kDisk);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("a.mkv"));
  EXPECT_TRUE(FilesIn(dir.path()).empty());
}

TEST(VideoWriter, LeavesAVideoToSoftwareThatHardwareWouldMakeCoarser) {
  TempDir dir;
  WriteOptions options = SmallOptions();
  options.video.format.chroma_shift_x = options.video.format.chroma_shift_y = 0;
  options.encoder.hardware = "auto";
  VideoWriter writer(dir / "a.mp4", options);
  writer.Write(TestFrame(options.video.format, 0, 0));
  const std::string message = writer.Commit().message;
  EXPECT_EQ(ProbeVideo(dir / "a.mp4").format.chroma_shift_x, 0) << message;
  if (message.find("software encodes") == std::string::npos)
    GTEST_SKIP() << "a device encodes full chroma here";
  if (message.find("h264_vaapi: not in this FFmpeg") == std::string::npos) {
    EXPECT_THAT(message, HasSubstr("h264_vaapi: it takes colour in less detail than the video has"));
  }
}

TEST(WorkingEncoders, NamesTheOnesThatEncode) {
  const auto encoders = WorkingEncoders();
  EXPECT_THAT(encoders, ::testing::Contains("h264 (libx264)"));
  EXPECT_THAT(encoders, ::testing::Contains("ffv1"));
}

TEST(LibavVersion, IsOnlyNumbersAndDots) {
  EXPECT_THAT(LibavVersion(), ::testing::MatchesRegex("n?[0-9]+(\\.[0-9]+)*"));
}

}  // namespace
}  // namespace reelswap
