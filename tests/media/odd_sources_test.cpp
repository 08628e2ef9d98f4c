// Sources that other programs make and that lie or differ: clocks that begin anywhere, times that jump,
// samples out of range, colours that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "media/chunked_copy.h"
#include "media/inspect.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestFrame;
using testing::TestVideo;

class OddSources : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs ffmpeg";
  }
  void Make(const std::string& arguments, const std::string& name) {
    const std::string command =
        "ffmpeg -nostdin -v error -y " + arguments + " " + (dir_ / name).string() + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  // Moves the times of the audio tags [first, last) of an FLV by so many milliseconds.
  void MoveFlvAudio(const std::string& name, int first, int last, uint32_t by) {
    std::string bytes = ReadFile(dir_ / name);
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])); };
    int number = 0;
    for (size_t tag = 13; tag + 11 < bytes.size();) {
      const size_t size = at(tag + 1) << 16 | at(tag + 2) << 8 | at(tag + 3);
      if (bytes[tag] == 8 && number++ >= first && number <= last) {
        const uint32_t time = (at(tag + 4) << 16 | at(tag + 5) << 8 | at(tag + 6) | at(tag + 7) << 24) + by;
        for (int i = 0; i < 3; ++i) bytes[tag + 4 + i] = static_cast<char>(time >> (16 - 8 * i));
        bytes[tag + 7] = static_cast<char>(time >> 24);
      }
      tag += 11 + size + 4;
    }
    ASSERT_GT(number, first);
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
  }
  CopyResult CopyToWebm(const std::string& name) {
    ChunkedCopy how;
    how.codec = "vp9";
    how.preset = "ultrafast";
    how.lengths = {100};
    return CopyInChunks(dir_ / name, dir_ / "out.webm", how);
  }
  TempDir dir_;
};

constexpr const char* kPictureAndTone =
    "-f lavfi -i testsrc=s=128x64:r=25:d=2 -f lavfi -i sine=d=2:r=44100 -pix_fmt yuv420p";

TEST_F(OddSources, AnEndlessHoleInTheSoundIsNotFilledWithSilence) {
  Make(std::string(kPictureAndTone) + " -c:v libx264 -c:a aac -f flv", "a.flv");
  MoveFlvAudio("a.flv", 40, 1000, 20 * 3600 * 1000u);
  CopyToWebm("a.flv");
  const auto packets = AudioPacketDigests(dir_ / "out.webm");
  // 2 s in packets of 20 ms, less the 8 blocks of 23 ms that were needed to believe it.
  EXPECT_GT(packets.size(), 80u);
  EXPECT_LT(packets.size(), 110u);
  EXPECT_NEAR(packets.back().seconds(), 20 * 3600 + 2, 0.1);
}

TEST_F(OddSources, AShortHoleInTheSoundBecomesSilence) {
  Make(std::string(kPictureAndTone) + " -c:v libx264 -c:a aac -f flv", "a.flv");
  MoveFlvAudio("a.flv", 40, 1000, 30'000u);
  CopyToWebm("a.flv");
  EXPECT_NEAR(AudioPacketDigests(dir_ / "out.webm").size(), 32 / 0.02, 5);
}

TEST_F(OddSources, OneWildTimeInTheSoundIsPassedOver) {
  Make(std::string(kPictureAndTone) + " -c:v libx264 -c:a aac -f flv", "a.flv");
  MoveFlvAudio("a.flv", 40, 41, 20 * 3600 * 1000u);
  const CopyResult copy = CopyToWebm("a.flv");
  EXPECT_THAT(copy.report.message, HasSubstr("1 damaged packets of an audio stream were passed over"));
  const auto packets = AudioPacketDigests(dir_ / "out.webm");
  EXPECT_NEAR(packets.size(), 2 / 0.02, 5);
  EXPECT_NEAR(packets.back().seconds(), 2, 0.1);
}

TEST_F(OddSources, ABroadcastWhoseClockIsLateBeginsAtZero) {
  const std::string both = std::string(kPictureAndTone) + " -c:v libx264 -bf 0 -c:a aac -muxdelay 0";
  Make(both + " -output_ts_offset 50000", "a.ts");
  Make(both, "early.ts");
  ASSERT_GT(ProbeVideo(dir_ / "a.ts").start_seconds, 49999);
  for (const char* name : {"b.mp4", "b.mkv"}) {
    const CopyResult copy = CopyInChunks(dir_ / "a.ts", dir_ / name, {});
    EXPECT_THAT(copy.report.message, HasSubstr("the clock of the stream began at 50000.0 s")) << name;
    const double picture = ProbeVideo(dir_ / name).start_seconds;
    const double sound = AudioPacketDigests(dir_ / name).front().seconds();
    EXPECT_GE(picture, 0) << name;
    EXPECT_LT(picture, 0.1) << name;
    const double before =
        AudioPacketDigests(dir_ / "a.ts").front().seconds() - ProbeVideo(dir_ / "a.ts").start_seconds;
    EXPECT_NEAR(sound - picture, before, 2e-3) << name;
  }
  const CopyResult early = CopyInChunks(dir_ / "early.ts", dir_ / "c.mp4", {});
  EXPECT_EQ(early.report.message, "");
}

TEST_F(OddSources, NoSoundOfACutLiesBeforeZeroInMatroska) {
  Make(
      "-f lavfi -i testsrc=s=128x64:r=25:d=6 -f lavfi -i sine=d=6:r=48000 -f lavfi -i sine=d=6:r=22050 "
      "-map 0 -map 1 -map 2 -pix_fmt yuv420p -c:v libx264 -c:a:0 ac3 -c:a:1 mp2",
      "a.mkv");
  for (const double start : {1.0, 1.52, 2.04, 3.2}) {
    ChunkedCopy how;
    how.range.start_seconds = start;
    how.range.end_seconds = start + 1;
    const CopyResult copy = CopyInChunks(dir_ / "a.mkv", dir_ / "b.mkv", how);
    const auto packets = AudioPacketDigests(dir_ / "b.mkv");
    ASSERT_EQ(copy.report.audio_streams, 2);
    EXPECT_EQ(static_cast<int64_t>(packets.size()), copy.report.audio_packets);
    const double picture = ProbeVideo(dir_ / "b.mkv").start_seconds;
    const double begin = ProbeVideo(dir_ / "a.mkv").start_seconds + start;
    const auto source = AudioPacketDigests(dir_ / "a.mkv");
    for (const PacketDigest& packet : packets) {
      EXPECT_GE(packet.pts, 0) << start;
      const auto from = std::find_if(source.begin(), source.end(), [&](const PacketDigest& s) {
        return s.sha256 == packet.sha256 && s.stream == packet.stream &&
               std::abs(s.seconds() - begin - packet.seconds() + picture) < 3e-3;  // rounded thrice to 1 ms
      });
      EXPECT_NE(from, source.end()) << "a packet of stream " << packet.stream << " lost its place at "
                                    << start;
    }
  }
}

TEST_F(OddSources, APictureThatChangesItsRangeKeepsItsLook) {
  const std::string white = "-f lavfi -i color=white:s=128x64:r=25:d=0.4 -vf scale=out_range=";
  Make(white + "limited,format=yuv420p -c:v libx264 -color_range tv", "1.ts");
  Make(white + "full,format=yuv420p -c:v libx264 -color_range pc -output_ts_offset 0.4", "2.ts");
  std::ofstream(dir_ / "a.ts", std::ios::binary) << ReadFile(dir_ / "1.ts") << ReadFile(dir_ / "2.ts");
  VideoReader reader(dir_ / "a.ts");
  EXPECT_FALSE(reader.info().format.full_range);
  int frames = 0;
  while (auto frame = reader.Next()) {
    EXPECT_NEAR(frame->Plane(0).at<uint8_t>(32, 64), 235, 1) << "frame " << frames;
    ++frames;
  }
  EXPECT_EQ(frames, 20);
}

TEST_F(OddSources, ColoursThatAreNoYCbCrAreRefused) {
  Make("-f lavfi -i testsrc=s=128x64:r=25:d=0.2 -pix_fmt yuv444p -c:v libx264 -colorspace ycgco", "a.mkv");
  EXPECT_THAT(MessageOf([&] { VideoReader(dir_ / "a.mkv"); }, ErrorKind::kMedia),
              AllOf(HasSubstr("a.mkv"), HasSubstr("YCgCo"), HasSubstr("convert it to BT.709")));
}

TEST_F(OddSources, UncompressedSamplesBeyondTheirDepthAreClamped) {
  Make("-f lavfi -i color=white:s=128x128:r=25:d=0.2 -pix_fmt yuv420p -c:v rawvideo", "a.mkv");
  // libav writes no such file, but reads it: as many bytes are half as many samples of ten bits in sixteen.
  std::string bytes = ReadFile(dir_ / "a.mkv");
  const auto put = [&](const std::string& from, const std::string& to) {
    const size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bytes.replace(at, to.size(), to);
  };
  put("\xba\x81\x80", "\xba\x81\x40");  // height
  put("I420", "Y3\x0b\x0a");
  std::ofstream(dir_ / "a.mkv", std::ios::binary) << bytes;
  VideoReader reader(dir_ / "a.mkv");
  const auto frame = reader.Next();
  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->format().bit_depth, 10);
  ASSERT_EQ(frame->format().height, 64);
  for (int p = 0; p < 3; ++p) {
    double least = 0, most = 0;
    cv::minMaxLoc(frame->Plane(p), &least, &most);
    EXPECT_EQ(least, 1023) << p;  // stored as 0xebeb and 0x8080
    EXPECT_EQ(most, 1023) << p;
  }
}

TEST_F(OddSources, ClosedCaptionsThatAreLostAreMentioned) {
  Make("-f lavfi -i testsrc=s=128x64:r=25:d=0.4 -pix_fmt yuv420p -c:v mpeg2video", "plain.m2v");
  // ATSC A/53 part 4: one pair of caption bytes as user data behind each picture's coding extension.
  const std::string captions("\x00\x00\x01\xb2GA94\x03\x41\xff\xfc\x94\x20\xff", 15);
  std::string bytes = ReadFile(dir_ / "plain.m2v");
  const std::string start_code("\x00\x00\x01", 3);
  for (size_t at = 0; (at = bytes.find(start_code + "\xb5", at)) != std::string::npos; at += 4) {
    if ((static_cast<uint8_t>(bytes[at + 4]) >> 4) != 8) continue;
    bytes.insert(bytes.find(start_code, at + 4), captions);
  }
  std::ofstream(dir_ / "with.m2v", std::ios::binary) << bytes;
  for (const std::string name : {"plain", "with"}) {
    Make("-fflags +genpts -i " + (dir_ / (name + ".m2v")).string() + " -c copy", name + ".ts");
    const CopyResult copy = CopyInChunks(dir_ / (name + ".ts"), dir_ / "out.mp4", {});
    EXPECT_EQ(copy.video.closed_captions, name == "with");
    EXPECT_EQ(copy.report.message, name == "with" ? "closed captions inside the pictures were dropped" : "");
  }
}

TEST(VideoReader, TellsWhenTheLastFrameEnds) {
  TempDir dir;
  WriteOptions options = SmallOptions();
  options.video.time_base = {1, 1000};
  ChunkWriter chunk(dir / "c", options.video, options.encoder, "mp4");
  for (int i = 0; i < 3; ++i) chunk.Write(TestFrame(options.video.format, i, 40 * i));
  chunk.Commit(1080);  // the last frame stays for a second
  AssemblyOptions assembly_options;
  assembly_options.video = options.video;
  for (const char* name : {"a.mp4", "a.mov"}) {
    VideoAssembly assembly(dir / name, assembly_options);
    assembly.Add(dir / "c");
    assembly.Commit();
    const auto end = [&](const ReadOptions& range) {
      const Read read = ReadAll(dir / name, range);
      return static_cast<double>(read.report.end_pts) * read.info.time_base.ToDouble();
    };
    EXPECT_NEAR(end({}), 1.08, 1e-9) << name;
    ReadOptions range;
    range.every = 2;
    EXPECT_NEAR(end(range), 1.08, 1e-9) << name;
    range.end_seconds = 0.5;  // in the middle of the last frame
    EXPECT_NEAR(end(range), 0.5, 1e-9) << name;
    range.end_seconds = 0.08;
    EXPECT_NEAR(end(range), 0.08, 1e-9) << name;
  }
}

}  // namespace
}  // namespace reelswap
