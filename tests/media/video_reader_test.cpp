#include "media/video_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>

#include "core/error.h"
#include "core/files.h"
#include "media/audio_file.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadFrameNumber;
using testing::TempDir;
using testing::TestFrame;
using testing::TestVideo;
using testing::WriteTestTone;
using testing::WriteTestVideo;

std::vector<int> Numbers(const fs::path& path, const ReadOptions& options) {
  VideoReader reader(path, options);
  std::vector<int> numbers;
  while (auto frame = reader.Next()) numbers.push_back(ReadFrameNumber(*frame));
  return numbers;
}

std::string OpenError(const fs::path& path) {
  try {
    VideoReader reader(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMedia);
    EXPECT_THAT(error.what(), HasSubstr(path.filename().string()));
    return error.what();
  }
  ADD_FAILURE() << path << " was opened";
  return {};
}

void WriteBytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

ReadOptions Every(int every) {
  ReadOptions options;
  options.every = every;
  return options;
}

ReadOptions Fps(double fps) {
  ReadOptions options;
  options.fps = fps;
  return options;
}

ReadOptions Range(double start, std::optional<double> end) {
  ReadOptions options;
  options.start_seconds = start;
  options.end_seconds = end;
  return options;
}

// Writes the display matrix (a b / c d) into the video track header of an mp4 or mov.
void SetDisplayMatrix(const fs::path& path, int a, int b, int c, int d) {
  std::string bytes = ReadFile(path);
  const size_t box = bytes.find("tkhd");
  ASSERT_NE(box, std::string::npos);
  const bool wide = bytes[box + 4] == 1;  // version 1 has 64-bit times
  size_t at = box + 4 + (wide ? 52 : 40);
  for (const int value : {a * 65536, b * 65536, 0, c * 65536, d * 65536}) {
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes[at++] = static_cast<char>(static_cast<uint32_t>(value) >> shift);
  }
  WriteBytes(path, bytes);
}

TEST(VideoReader, KeepsEveryNthFrameStartingAtZero) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  EXPECT_THAT(Numbers(dir / "a.mp4", Every(7)), ElementsAre(0, 7, 14, 21, 28));
  EXPECT_EQ(Numbers(dir / "a.mp4", Every(1)).size(), 30u);
  EXPECT_THAT(Numbers(dir / "a.mp4", Every(1000)), ElementsAre(0));
}

TEST(VideoReader, GivesTheIndexInTheWholeVideo) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  ReadOptions options = Range(0.5, std::nullopt);
  options.every = 5;
  VideoReader reader(dir / "a.mp4", options);
  std::vector<int64_t> indices;
  while (auto frame = reader.Next()) {
    EXPECT_EQ(frame->index(), ReadFrameNumber(*frame));
    indices.push_back(frame->index());
  }
  EXPECT_THAT(indices, ElementsAre(15, 20, 25));
  EXPECT_EQ(reader.report().frames_decoded, 15);
}

TEST(VideoReader, PicksFramesByTimeAtAGivenRate) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  EXPECT_THAT(Numbers(dir / "a.mp4", Fps(6)), ElementsAre(0, 5, 10, 15, 20, 25));
  EXPECT_EQ(Numbers(dir / "a.mp4", Fps(200)).size(), 30u);
  TestVideo uneven;
  uneven.time_base = {1, 1000};
  uneven.pts = {0, 10, 20, 990, 1000, 1010, 5000, 5500, 6100};
  uneven.frames = 9;
  WriteTestVideo(dir / "b.mp4", uneven);
  EXPECT_THAT(Numbers(dir / "b.mp4", Fps(1)), ElementsAre(0, 4, 6, 8));
}

TEST(VideoReader, ReadsARangeFromStartUpToEnd) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  EXPECT_THAT(Numbers(dir / "a.mp4", Range(0.1, 0.2)), ElementsAre(3, 4, 5));
  EXPECT_THAT(Numbers(dir / "a.mp4", Range(0.11, 0.2)), ElementsAre(4, 5));
  EXPECT_TRUE(Numbers(dir / "a.mp4", Range(2.0, std::nullopt)).empty());
  EXPECT_TRUE(Numbers(dir / "a.mp4", Range(0.5, 0.5)).empty());
}

TEST(VideoReader, CountsARangeFromTheFirstFrameAndNotFromZero) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 30};
  for (int i = 0; i < 30; ++i) video.pts.push_back(300 + i);
  WriteTestVideo(dir / "a.mp4", video);
  EXPECT_THAT(Numbers(dir / "a.mp4", Range(0.1, 0.2)), ElementsAre(3, 4, 5));
}

TEST(VideoReader, SeeksFarIntoAVideoToTheExactFrame) {
  TempDir dir;
  TestVideo video;
  video.frames = 400;
  video.format = TestVideo::Format(64, 32);
  video.time_base = {1, 1000};
  for (const char* codec : {"h264", "ffv1"}) {  // few and only key frames
    video.codec = codec;
    WriteTestVideo(dir / "a.mkv", video);
    for (const double start : {5.01, 8.4, 10.0, 13.3}) {
      const int first = static_cast<int>(std::ceil(start * 30 - 1e-9));
      VideoReader reader(dir / "a.mkv", Range(start, start + 0.1));
      const auto frame = reader.Next();
      ASSERT_TRUE(frame) << codec << " " << start;
      EXPECT_EQ(ReadFrameNumber(*frame), first) << codec << " " << start;
      EXPECT_GE(frame->pts(), std::llround(start * 1000));
    }
    EXPECT_TRUE(Numbers(dir / "a.mkv", Range(100, std::nullopt)).empty());
  }
}

TEST(VideoReader, GoesOnFromAnyFrameAsIfNeverInterrupted) {
  TempDir dir;
  TestVideo video;
  video.frames = 400;
  video.format = TestVideo::Format(64, 32);
  video.time_base = {1, 1000};
  for (const char* codec : {"h264", "hevc", "ffv1"}) {
    for (const char* name : {"a.mkv", "a.mp4"}) {
      if (std::string(codec) == "ffv1" && std::string(name) == "a.mp4") continue;
      video.codec = codec;
      WriteTestVideo(dir / name, video);
      std::vector<int64_t> pts;
      VideoReader whole(dir / name);
      while (auto frame = whole.Next()) pts.push_back(frame->pts());
      ASSERT_EQ(pts.size(), 400u);
      for (const int first : {0, 1, 149, 150, 249, 250, 251, 260, 399}) {
        ReadOptions options;
        options.first_pts = pts[first];
        options.first_index = first;
        VideoReader reader(dir / name, options);
        for (int i = first; i < std::min(400, first + 30); ++i) {
          const auto frame = reader.Next();
          ASSERT_TRUE(frame) << codec << " " << name << " " << i;
          EXPECT_EQ(frame->index(), i);
          EXPECT_EQ(frame->pts(), pts[i]);
          EXPECT_EQ(ReadFrameNumber(*frame), i);
        }
      }
    }
  }
}

TEST(VideoReader, GoesOnWithTheSampleThatWasNext) {
  TempDir dir;
  TestVideo video;
  video.frames = 400;
  video.format = TestVideo::Format(64, 32);
  video.time_base = {1, 1000};
  WriteTestVideo(dir / "a.mp4", video);
  for (ReadOptions options : {Every(7), Fps(4), Fps(7.3), Range(1.05, 12.0), Range(6.05, 12.0)}) {
    if (options.every == 1 && !options.fps) options.fps = 3.7;
    std::vector<std::pair<int64_t, int64_t>> whole;  // pts, index
    VideoReader first(dir / "a.mp4", options);
    while (auto frame = first.Next()) whole.emplace_back(frame->pts(), frame->index());
    ASSERT_GT(whole.size(), 15u);
    for (const size_t from : {size_t{1}, whole.size() / 2, whole.size() - 1}) {
      options.first_pts = whole[from].first;
      options.first_index = whole[from].second;
      VideoReader reader(dir / "a.mp4", options);
      std::vector<int64_t> expected, got;
      for (size_t i = from; i < whole.size(); ++i) expected.push_back(whole[i].first);
      while (auto frame = reader.Next()) got.push_back(frame->pts());
      EXPECT_EQ(got, expected) << from;
    }
  }
}

TEST(VideoReader, SaysWhenTheFrameToGoOnFromIsNotThere) {
  TempDir dir;
  TestVideo video;
  video.time_base = {1, 1000};
  WriteTestVideo(dir / "a.mp4", video);
  for (const int64_t pts : {int64_t{-1}, int64_t{34}, int64_t{100000}}) {
    ReadOptions options;
    options.first_pts = pts;
    options.seek_beyond_seconds = 0;
    try {
      VideoReader reader(dir / "a.mp4", options);
      ADD_FAILURE() << pts;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kMedia);
      EXPECT_THAT(error.what(), HasSubstr("no frame at"));
    }
  }
}

TEST(VideoReader, DraftsAreTheSameFrames) {
  TempDir dir;
  TestVideo video;
  video.format = TestVideo::Format(320, 176);
  for (const char* codec : {"h264", "hevc", "av1", "vp9"}) {
    video.codec = codec;
    WriteTestVideo(dir / "a.mkv", video);
    ReadOptions options;
    options.draft = true;
    VideoReader exact(dir / "a.mkv");
    VideoReader draft(dir / "a.mkv", options);
    for (int i = 0; i < 30; ++i) {
      const auto a = exact.Next();
      const auto b = draft.Next();
      ASSERT_TRUE(a && b) << codec;
      EXPECT_EQ(a->pts(), b->pts());
      EXPECT_EQ(a->index(), b->index());
      EXPECT_EQ(ReadFrameNumber(*b), i) << codec;
    }
    EXPECT_FALSE(draft.Next());
  }
}

TEST(VideoReader, TellsWhatTheFileSays) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 1.0);
  TestVideo video;
  video.frame_rate = {25, 1};
  video.time_base = {1, 12800};
  video.sample_aspect = {8, 9};
  video.audio = dir / "tone.m4a";
  WriteTestVideo(dir / "a.mp4", video);
  const VideoInfo info = ProbeVideo(dir / "a.mp4");
  EXPECT_EQ(info.format, video.format);
  EXPECT_EQ(info.frame_rate, (Rational{25, 1}));
  EXPECT_EQ(info.time_base, (Rational{1, 12800}));
  EXPECT_EQ(info.sample_aspect, (Rational{8, 9}));
  EXPECT_NEAR(info.duration_seconds, 30 / 25.0, 1e-6);
  EXPECT_EQ(info.start_seconds, 0);
  EXPECT_EQ(info.declared_frames, 30);
  EXPECT_EQ(info.audio_streams, 1);
  EXPECT_EQ(info.codec, "h264");
  EXPECT_THAT(info.container, HasSubstr("mp4"));
}

TEST(VideoReader, TurnsFramesUprightSampleForSample) {
  TempDir dir;
  struct Case {
    int a, b, c, d;
    int degrees;
    bool mirrored;
  };
  for (const Case c :
       {Case{0, 1, -1, 0, 90, false}, Case{-1, 0, 0, -1, 180, false}, Case{0, -1, 1, 0, 270, false},
        Case{-1, 0, 0, 1, 0, true}, Case{0, 1, 1, 0, 90, true}}) {
    TestVideo video;
    video.codec = "ffv1";
    video.format = TestVideo::Format(96, 64);
    video.format.bit_depth = c.degrees == 90 ? 10 : 8;
    video.frames = 2;
    video.sample_aspect = {4, 3};
    WriteTestVideo(dir / "a.mov", video);
    SetDisplayMatrix(dir / "a.mov", c.a, c.b, c.c, c.d);
    VideoReader reader(dir / "a.mov");
    const auto frame = reader.Next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(reader.info().rotation_degrees, c.degrees);
    EXPECT_EQ(reader.info().mirrored, c.mirrored);
    const bool lies = c.a == 0;
    EXPECT_EQ(frame->size(), lies ? cv::Size(64, 96) : cv::Size(96, 64));
    EXPECT_EQ(reader.info().sample_aspect, lies ? (Rational{3, 4}) : (Rational{4, 3}));
    const Frame stored = TestFrame(video.format, 0, 0);
    for (int p = 0; p < 3; ++p) {
      cv::Mat expected = stored.Plane(p).clone();
      if (lies) cv::transpose(expected, expected);
      if ((lies ? c.c : c.a) < 0) cv::flip(expected, expected, 1);
      if ((lies ? c.b : c.d) < 0) cv::flip(expected, expected, 0);
      EXPECT_EQ(cv::norm(frame->Plane(p), expected, cv::NORM_INF), 0) << c.degrees << " plane " << p;
    }
  }
}

TEST(VideoReader, TurnsHalfChromaByNinetyDegreesIntoFullChroma) {
  TempDir dir;
  TestVideo video;
  video.codec = "ffv1";
  video.format = TestVideo::Format(96, 64);
  video.format.chroma_shift_y = 0;
  video.frames = 1;
  WriteTestVideo(dir / "a.mov", video);
  SetDisplayMatrix(dir / "a.mov", 0, 1, -1, 0);
  VideoReader reader(dir / "a.mov");
  const auto frame = reader.Next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->format().chroma_shift_x, 0);
  EXPECT_EQ(frame->format().chroma_shift_y, 0);
  cv::Mat expected = TestFrame(video.format, 0, 0).Luma().clone();
  cv::rotate(expected, expected, cv::ROTATE_90_CLOCKWISE);
  EXPECT_EQ(cv::norm(frame->Luma(), expected, cv::NORM_INF), 0);
}

TEST(VideoReader, RefusesWhatIsNoVideoWithAReason) {
  TempDir dir;
  EXPECT_THAT(OpenError(dir / "none.mp4"), HasSubstr("no such file"));
  WriteBytes(dir / "empty.mp4", "");
  EXPECT_THAT(OpenError(dir / "empty.mp4"), HasSubstr("empty"));
  WriteBytes(dir / "page.mp4", "\n <!DOCTYPE html><html><body>403 Forbidden</body></html>");
  EXPECT_THAT(OpenError(dir / "page.mp4"), HasSubstr("web page, not a video"));
  WriteBytes(dir / "list.mp4",
             "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n");
  EXPECT_THAT(OpenError(dir / "list.mp4"), HasSubstr("playlist that points at other files"));
  WriteBytes(dir / "concat.mp4", "ffconcat version 1.0\nfile other.mp4\n");
  EXPECT_THAT(OpenError(dir / "concat.mp4"), HasSubstr("playlist that points at other files"));
  WriteBytes(dir / "zeros.mp4", std::string(5000, '\0'));
  EXPECT_THAT(OpenError(dir / "zeros.mp4"), HasSubstr("zeros"));
  WriteBytes(dir / "text.mp4", "just some words that are no video at all, and some more of them");
  EXPECT_THAT(OpenError(dir / "text.mp4"), HasSubstr("download it again"));
  fs::create_directory(dir / "folder.mp4");
  EXPECT_THAT(OpenError(dir / "folder.mp4"), HasSubstr("folder"));
  fs::create_symlink("nowhere.mp4", dir / "link.mp4");
  EXPECT_THAT(OpenError(dir / "link.mp4"), HasSubstr("link"));
  ASSERT_EQ(mkfifo((dir / "pipe.mp4").c_str(), 0600), 0);
  EXPECT_THAT(OpenError(dir / "pipe.mp4"), HasSubstr("pipe"));
}

TEST(VideoReader, RefusesAPictureUnderAVideoName) {
  TempDir dir;
  // The first bytes of a PNG and its header are what decides.
  std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0\x90\x91h6", 33);
  WriteBytes(dir / "a.mp4", png + std::string(300, 'x'));
  EXPECT_THAT(OpenError(dir / "a.mp4"), HasSubstr("is a picture"));
}

TEST(VideoReader, RefusesAFileWithSoundOnly) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 0.5);
  EXPECT_THAT(OpenError(dir / "tone.m4a"), HasSubstr("no video stream"));
}

TEST(VideoReader, OpensConcatScriptsNotEvenBesideARealVideo) {
  TempDir dir;
  WriteTestVideo(dir / "real.mp4", TestVideo{});
  WriteBytes(dir / "trap.mp4", "ffconcat version 1.0\nfile real.mp4\n");
  EXPECT_THAT(OpenError(dir / "trap.mp4"), HasSubstr("refused"));
}

TEST(VideoReader, SaysWhenTheIndexOfAnMp4IsMissing) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  std::string bytes = ReadFile(dir / "a.mp4");
  bytes.replace(bytes.find("moov"), 4, "zzzz");
  WriteBytes(dir / "a.mp4", bytes);
  EXPECT_THAT(OpenError(dir / "a.mp4"),
              ::testing::AllOf(HasSubstr("moov atom not found"), HasSubstr("run again")));
}

TEST(VideoReader, ReportsATruncatedDownload) {
  TempDir dir;
  TestVideo video;
  video.frames = 120;
  video.format = TestVideo::Format(320, 180);
  WriteTestVideo(dir / "a.mp4", video);
  const std::string bytes = ReadFile(dir / "a.mp4");
  WriteBytes(dir / "a.mp4", bytes.substr(0, bytes.size() * 6 / 10));
  VideoReader reader(dir / "a.mp4");
  int frames = 0;
  while (reader.Next()) ++frames;
  EXPECT_GT(frames, 20);
  EXPECT_LT(frames, 110);
  EXPECT_TRUE(reader.report().truncated);
  EXPECT_THAT(reader.report().message, HasSubstr("of 4.0 s"));
}

TEST(VideoReader, ACompleteVideoIsNotCalledTruncated) {
  TempDir dir;
  WriteTestTone(dir / "tone.m4a", 6.0);
  TestVideo video;
  video.audio = dir / "tone.m4a";  // far longer than the 1 s of pictures
  for (const char* name : {"a.mp4", "a.mkv"}) {
    WriteTestVideo(dir / name, video);
    VideoReader reader(dir / name);
    while (reader.Next()) {
    }
    EXPECT_FALSE(reader.report().truncated) << name;
    EXPECT_EQ(reader.report().message, "") << name;
    EXPECT_EQ(reader.report().corrupt_packets, 0) << name;
  }
}

TEST(VideoReader, CountsDamagedPacketsAndGoesOn) {
  TempDir dir;
  TestVideo video;
  video.frames = 60;
  WriteTestVideo(dir / "a.mp4", video);
  std::string bytes = ReadFile(dir / "a.mp4");
  for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 3000 && i < bytes.size(); ++i) bytes[i] = 0;
  WriteBytes(dir / "a.mp4", bytes);
  VideoReader reader(dir / "a.mp4");
  int frames = 0;
  while (reader.Next()) ++frames;
  EXPECT_GT(frames, 20);
  EXPECT_GT(reader.report().corrupt_packets, 0);
  EXPECT_THAT(reader.report().message, HasSubstr("passed over"));
}

TEST(VideoReader, KeepsPictureMemoryAliveBeyondTheReader) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  std::vector<Frame> frames;
  {
    VideoReader reader(dir / "a.mp4");
    while (auto frame = reader.Next()) frames.push_back(*frame);
  }
  ASSERT_EQ(frames.size(), 30u);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(ReadFrameNumber(frames[i]), i);
}

TEST(VideoReader, GivesTheSameFramesWithAnyNumberOfThreads) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  for (const int threads : {1, 2, 5}) {
    ReadOptions options;
    options.threads = threads;
    EXPECT_EQ(Numbers(dir / "a.mp4", options).size(), 30u);
  }
}

TEST(VideoReader, ReadsNamesThatWouldTrapAShell) {
  TempDir dir;
  for (const char* name : {"-dash.mp4", "a 'quote' $(x);ü.mp4", "http:__x.mp4", "a%03d.mp4"}) {
    WriteTestVideo(dir / name, TestVideo{});
    EXPECT_EQ(Numbers(dir / name, Every(1)).size(), 30u) << name;
  }
}

TEST(VideoReader, RejectsImpossibleOptions) {
  TempDir dir;
  WriteTestVideo(dir / "a.mp4", TestVideo{});
  EXPECT_THROW(VideoReader(dir / "a.mp4", Every(0)), std::invalid_argument);
  EXPECT_THROW(VideoReader(dir / "a.mp4", Fps(0)), std::invalid_argument);
  EXPECT_THROW(VideoReader(dir / "a.mp4", Range(-1, std::nullopt)), std::invalid_argument);
}

TEST(WriteAudioFile, RefusesWhatAacDoesNotKnow) {
  TempDir dir;
  const std::vector<float> samples(1000, 0.0f);
  EXPECT_THROW(WriteAudioFile(dir / "a.m4a", samples, 12345), std::invalid_argument);
  EXPECT_THROW(WriteAudioFile(dir / "a.m4a", {}, 48000), std::invalid_argument);
  EXPECT_FALSE(fs::exists(dir / "a.m4a"));
}

}  // namespace
}  // namespace reelswap
