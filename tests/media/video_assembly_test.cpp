#include "media/video_assembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>

#include "media/chunked_copy.h"
#include "media/inspect.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestFrame;
using testing::TestVideo;
using testing::WriteTestTone;
using testing::WriteTestVideo;

void ExpectGoodDecodingTimes(const fs::path& path) {
  const auto pictures = StoredPictures(path);
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].dts == INT64_MIN) continue;  // Matroska stores none
    EXPECT_LE(pictures[i].dts, pictures[i].pts) << path << " packet " << i;
    if (i > 0) {
      EXPECT_GT(pictures[i].dts, pictures[i - 1].dts) << path << " packet " << i;
    }
  }
}

TEST(VideoAssembly, JoinsChunksIntoTheVideoThatTheyAre) {
  TempDir dir;
  TestVideo video;
  video.format = TestVideo::Format(192, 112);
  video.frames = 40;
  video.time_base = {1, 90000};
  WriteTestVideo(dir / "a.mp4", video);
  struct Case {
    const char* codec;
    const char* preset;
    const char* name;
  };
  for (const Case c :
       {Case{"h264", "veryfast", "h.mp4"}, Case{"h264", "veryfast", "h.mov"},
        Case{"h264", "veryfast", "h.mkv"}, Case{"hevc", "ultrafast", "x.mp4"},
        Case{"hevc", "ultrafast", "x.mkv"}, Case{"av1", "12", "s.mp4"}, Case{"av1", "12", "s.webm"},
        Case{"vp9", "veryfast", "v.webm"}, Case{"vp9", "ultrafast", "v.mp4"}, Case{"ffv1", "", "f.mkv"}}) {
    SCOPED_TRACE(std::string(c.codec) + " in " + c.name);
    ChunkedCopy how;
    how.codec = c.codec;
    how.preset = c.preset;
    how.lengths = {1, 2, 3, 17};
    const CopyResult copy = CopyInChunks(dir / "a.mp4", dir / c.name, how);
    EXPECT_EQ(copy.report.frames, 40);
    EXPECT_EQ(copy.report.message, "");
    ExpectGoodDecodingTimes(dir / c.name);
    const Read read = ReadAll(dir / c.name);
    EXPECT_EQ(read.numbers, Iota(40));
    ASSERT_EQ(read.pts.size(), 40u);
    const double tick = read.info.time_base.ToDouble();
    // mp4 and mov keep every tick, Matroska milliseconds.
    for (int i = 0; i < 40; ++i)
      EXPECT_NEAR(read.pts[i] * tick, i / 30.0, fs::path(c.name).extension() == ".mp4" ? 1e-9 : 5.1e-4);
    EXPECT_EQ(read.info.frame_rate, (Rational{30, 1}));
    EXPECT_NO_THROW(CheckVideo(dir / c.name, ExpectedOf(copy), 1));
    // Each chunk alone gives the same pictures as its part of the whole.
    const auto whole = PictureDigests(dir / c.name);
    std::vector<std::string> parts;
    for (const fs::path& file : copy.files) {
      AssemblyOptions options;
      options.video = copy.video;
      const fs::path alone = dir / (std::string("alone") + fs::path(c.name).extension().string());
      VideoAssembly assembly(alone, options);
      assembly.Add(file);
      assembly.Commit();
      const auto part = PictureDigests(alone);
      parts.insert(parts.end(), part.begin(), part.end());
    }
    EXPECT_EQ(whole, parts);
  }
}

TEST(VideoAssembly, KeepsVariableTimesOverChunkBoundariesAtAnyFrame) {
  TempDir dir;
  TestVideo video;
  video.format = TestVideo::Format(128, 64);
  video.time_base = {1, 90000};
  video.pts = {0, 3003, 9001, 9002, 40000, 123456, 126459, 500000, 502999, 1000000, 1000500, 1003003};
  video.frames = static_cast<int>(video.pts.size());
  WriteTestVideo(dir / "a.mp4", video);
  CopyVideo(dir / "a.mp4", dir / "c.mp4");
  const double whole = ProbeVideo(dir / "c.mp4").duration_seconds;
  for (int boundary = 1; boundary < video.frames; ++boundary) {
    ChunkedCopy how;
    how.lengths = {boundary, 100};
    CopyInChunks(dir / "a.mp4", dir / "b.mp4", how);
    EXPECT_EQ(VideoPts(dir / "b.mp4").pts, video.pts) << boundary;
    EXPECT_NEAR(ProbeVideo(dir / "b.mp4").duration_seconds, whole, 1e-6) << boundary;
    ExpectGoodDecodingTimes(dir / "b.mp4");
  }
}

TEST(VideoAssembly, GivesTheTimesThatVideoWriterGives) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 2.0);
  TestVideo video;
  video.frames = 45;
  video.frame_rate = {30000, 1001};
  video.time_base = {1, 30000};
  video.audio = dir / "tone.m4a";
  WriteTestVideo(dir / "a.mp4", video);
  for (const char* name : {"b.mp4", "b.mov", "b.mkv"}) {
    CopyVideo(dir / "a.mp4", dir / name);
    const fs::path joined = dir / (std::string("joined-") + name);
    CopyInChunks(dir / "a.mp4", joined, {});
    EXPECT_EQ(VideoPts(joined).pts, VideoPts(dir / name).pts) << name;
    const auto ours = AudioPacketDigests(joined);
    const auto theirs = AudioPacketDigests(dir / name);
    ASSERT_EQ(ours.size(), theirs.size()) << name;
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_EQ(ours[i].pts, theirs[i].pts) << name << i;
      EXPECT_EQ(ours[i].sha256, theirs[i].sha256) << name << i;
    }
  }
}

TEST(VideoAssembly, MovesNegativeStartsAndKeepsLateOnes) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 1000};
  video.frames = 6;
  const VideoInfo info = [&] {
    WriteTestVideo(dir / "a.mp4", video);
    return ProbeVideo(dir / "a.mp4");
  }();
  const auto join = [&](std::vector<int64_t> pts) {
    EncoderOptions encoder;
    VideoInfo of = info;
    of.time_base = {1, 1000};
    of.start_seconds = pts.front() / 1000.0;
    {
      ChunkWriter chunk(dir / "c", of, encoder, "mp4");
      for (int i = 0; i < 3; ++i) chunk.Write(TestFrame(of.format, i, pts[i]));
      chunk.Commit(pts[3]);
      ChunkWriter next(dir / "d", of, encoder, "mp4");
      for (int i = 3; i < 6; ++i) next.Write(TestFrame(of.format, i, pts[i]));
      next.Commit(std::nullopt);
    }
    AssemblyOptions options;
    options.video = of;
    VideoAssembly assembly(dir / "b.mp4", options);
    assembly.Add(dir / "c");
    assembly.Add(dir / "d");
    assembly.Commit();
    return ReadAll(dir / "b.mp4").pts;
  };
  EXPECT_THAT(join({-500, -460, -420, 100, 140, 180}), ElementsAre(0, 40, 80, 600, 640, 680));
  EXPECT_THAT(join({1400, 1440, 1480, 1520, 1560, 1600}), ElementsAre(1400, 1440, 1480, 1520, 1560, 1600));
}

TEST(VideoAssembly, CutsSoundWithThePicture) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 12.0);
  TestVideo video;
  video.format = TestVideo::Format(128, 64);
  video.frames = 360;
  video.audio = dir / "tone.m4a";
  WriteTestVideo(dir / "a.mp4", video);
  const auto source = AudioPacketDigests(dir / "a.mp4");
  ChunkedCopy how;
  how.range.start_seconds = 8.0;
  how.range.end_seconds = 9.5;
  const CopyResult copy = CopyInChunks(dir / "a.mp4", dir / "b.mp4", how);
  EXPECT_EQ(copy.report.frames, 45);
  EXPECT_EQ(ReadAll(dir / "b.mp4").pts.front(), 0);
  const auto cut = AudioPacketDigests(dir / "b.mp4");
  const auto found = std::find_if(source.begin(), source.end(),
                                  [&](const PacketDigest& p) { return p.sha256 == cut.front().sha256; });
  ASSERT_NE(found, source.end());
  for (size_t i = 0; i < cut.size(); ++i) {
    const PacketDigest& from = *(found + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(cut[i].sha256, from.sha256);
    EXPECT_NEAR(cut[i].seconds(), from.seconds() - 8.0, 1.0 / 48000);
  }
  EXPECT_NO_THROW(CheckVideo(dir / "b.mp4", ExpectedOf(copy), 1));
}

TEST(VideoAssembly, EncodesSoundThatWebmRefusesAsOpus) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 3.0);
  TestVideo video;
  video.format = TestVideo::Format(128, 64);
  video.frames = 90;
  video.audio = dir / "tone.m4a";
  WriteTestVideo(dir / "a.mp4", video);
  ChunkedCopy how;
  how.codec = "vp9";
  how.preset = "ultrafast";
  const CopyResult copy = CopyInChunks(dir / "a.mp4", dir / "b.webm", how);
  EXPECT_THAT(copy.report.message, HasSubstr("audio 1 (aac) was encoded as Opus for webm"));
  EXPECT_EQ(copy.report.audio_streams, 1);
  ASSERT_EQ(AudioStreamsOf(dir / "b.webm").size(), 1u);
  EXPECT_EQ(AudioStreamsOf(dir / "b.webm")[0].codec, "opus");
  const auto packets = AudioPacketDigests(dir / "b.webm");
  // 20 ms each; the tone and one packet for the encoder's delay.
  EXPECT_NEAR(packets.size() * 0.02, 3.0, 0.05);
  EXPECT_NEAR(packets.front().seconds(), 0, 8e-3);  // Opus' own 6.5 ms lie before
  EXPECT_EQ(VideoPts(dir / "b.webm").pts.front(), 0);
  EXPECT_NO_THROW(CheckVideo(dir / "b.webm", ExpectedOf(copy), 1));
}

TEST(VideoAssembly, KeepsTagsAndLetsOwnOnesWin) {
  TempDir dir;
  WriteOptions options = SmallOptions();
  options.metadata = {{"title", "Film"}, {"comment", "old"}, {"MY_TAG", "mine"}};
  {
    VideoWriter writer(dir / "a.mp4", options);
    writer.Write(TestFrame(options.video.format, 0, 0));
    writer.Commit();
  }
  for (const char* name : {"b.mp4", "b.mkv"}) {
    {
      ChunkWriter chunk(dir / "c", options.video, options.encoder, ContainerOf(name));
      chunk.Write(TestFrame(options.video.format, 0, 0));
      chunk.Commit(std::nullopt);
    }
    AssemblyOptions assembly_options;
    assembly_options.video = options.video;
    assembly_options.copies.range.path = dir / "a.mp4";
    assembly_options.metadata = {{"comment", "new"}};
    VideoAssembly assembly(dir / name, assembly_options);
    assembly.Add(dir / "c");
    assembly.Commit();
    std::map<std::string, std::string> tags;
    for (const auto& [key, value] : ContainerTags(dir / name)) {
      std::string lower = key;
      for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      tags[lower] = value;
    }
    EXPECT_EQ(tags["title"], "Film") << name;
    EXPECT_EQ(tags["comment"], "new") << name;
    EXPECT_EQ(tags["my_tag"], "mine") << name;
  }
}

TEST(VideoAssembly, KeepsHdrDescriptionAndColours) {
  TempDir dir;
  VideoInfo video;
  video.format = TestVideo::Format(128, 64);
  video.format.bit_depth = 10;
  video.format.matrix = ColorMatrix::kBt2020;
  video.format.transfer = Transfer::kPq;
  video.format.wide_gamut = true;
  video.frame_rate = {25, 1};
  video.time_base = {1, 12800};
  video.color_primaries = 9;
  video.color_transfer = 16;
  video.color_space = 9;
  video.chroma_location = 3;  // top left, as UHD has it
  video.sample_aspect = {4, 3};
  MasteringDisplay display;
  display.primaries = {{{{{34000, 50000}, {16000, 50000}}},
                        {{{13250, 50000}, {34500, 50000}}},
                        {{{7500, 50000}, {3000, 50000}}}}};
  display.white_point = {{{15635, 50000}, {16450, 50000}}};
  display.max_luminance = {10000000, 10000};
  display.min_luminance = {1, 10000};
  display.has_primaries = display.has_luminance = true;
  video.mastering_display = display;
  video.content_light = ContentLight{1000, 400};
  for (const char* name : {"a.mp4", "a.mkv"}) {
    for (const char* codec : {"hevc", "h264", "av1"}) {
      SCOPED_TRACE(std::string(codec) + " in " + name);
      EncoderOptions encoder;
      encoder.codec = codec;
      encoder.preset = "ultrafast";
      ChunkWriter chunk(dir / "c", video, encoder, ContainerOf(name));
      for (int i = 0; i < 3; ++i) chunk.Write(TestFrame(video.format, i, i * 512));
      chunk.Commit(std::nullopt);
      AssemblyOptions options;
      options.video = video;
      VideoAssembly assembly(dir / name, options);
      assembly.Add(dir / "c");
      assembly.Commit();
      const VideoInfo got = ProbeVideo(dir / name);
      EXPECT_EQ(got.format, video.format);
      EXPECT_EQ(got.color_primaries, 9);
      EXPECT_EQ(got.color_transfer, 16);
      EXPECT_EQ(got.color_space, 9);
      EXPECT_EQ(got.chroma_location, 3);
      EXPECT_EQ(got.sample_aspect, (Rational{4, 3}));
      ASSERT_TRUE(got.content_light);
      EXPECT_EQ(*got.content_light, *video.content_light);
      ASSERT_TRUE(got.mastering_display);
      for (int c = 0; c < 3; ++c) {
        for (int xy = 0; xy < 2; ++xy) {
          EXPECT_NEAR(got.mastering_display->primaries[c][xy].ToDouble(), display.primaries[c][xy].ToDouble(),
                      2e-5);
        }
      }
      EXPECT_NEAR(got.mastering_display->max_luminance.ToDouble(), 1000, 1e-3);
      EXPECT_NEAR(got.mastering_display->min_luminance.ToDouble(), 1e-4, 1e-5);
    }
  }
}

TEST(VideoAssembly, RefusesChunksThatDoNotBelongTogether) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  ChunkedCopy how;
  const CopyResult copy = CopyInChunks(dir / "a.mp4", dir / "b.mp4", how);
  how.crf = 30;
  const CopyResult other = CopyInChunks(dir / "a.mp4", dir / "c.mp4", how);
  AssemblyOptions options;
  options.video = copy.video;
  const auto add = [&](const fs::path& first, const fs::path& second) {
    return MessageOf(
        [&] {
          VideoAssembly assembly(dir / "d.mp4", options);
          assembly.Add(first);
          assembly.Add(second);
        },
        ErrorKind::kMedia);
  };
  EXPECT_THAT(add(copy.files[0], other.files[1]), HasSubstr("encoded otherwise"));
  EXPECT_THAT(add(copy.files[0], copy.files[0]), HasSubstr("begins before the end"));
  EXPECT_THAT(add(copy.files[0], dir / "none"), HasSubstr("missing or damaged"));
  fs::resize_file(copy.files[1], fs::file_size(copy.files[1]) - 1);
  EXPECT_THAT(add(copy.files[0], copy.files[1]), HasSubstr("missing or damaged"));
  EXPECT_THAT(MessageOf([&] { VideoAssembly(dir / "d.mp4", options).Commit(); }, ErrorKind::kMedia),
              HasSubstr("not one frame"));
  EXPECT_FALSE(fs::exists(dir / "d.mp4"));
}

TEST(VideoAssembly, TellsItsProgressAndStopsWhereThatThrows) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  const CopyResult copy = CopyInChunks(dir / "a.mp4", dir / "b.mp4", {});
  AssemblyOptions options;
  options.video = copy.video;
  std::vector<double> shares;
  options.progress = [&](double share) { shares.push_back(share); };
  {
    VideoAssembly assembly(dir / "c.mp4", options);
    for (const fs::path& file : copy.files) assembly.Add(file);
    assembly.Commit();
  }
  EXPECT_THAT(shares, ElementsAre(1.0 / 3, 2.0 / 3, 1.0));
  options.progress = [&](double) { throw Error(ErrorKind::kCancelled, "stopped"); };
  VideoAssembly assembly(dir / "d.mp4", options);
  assembly.Add(copy.files[0]);
  EXPECT_THROW(assembly.FinishTemporary(), Error);
}

}  // namespace
}  // namespace reelswap
