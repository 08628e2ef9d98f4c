// The awkward and damaged files of the shared corpus through chunks and their joining, and through resumed
// reading.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "media/chunked_copy.h"
#include "media/hostile_set.h"
#include "media/inspect.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

class HostileChunks : public HostileSet {};

struct Joined {
  CopyResult copy;
  std::string error;
};

Joined Join(const fs::path& from, const fs::path& to, ChunkedCopy how = {}) {
  Joined joined;
  try {
    how.preset = how.codec == "vp9" ? "ultrafast" : how.preset;
    how.lengths = {13, 1, 24};
    joined.copy = CopyInChunks(from, to, how);
  } catch (const Error& error) {
    joined.error = error.what();
  }
  for (const std::string& name : FilesIn(to.parent_path())) {
    if (name.ends_with(".chunk")) fs::remove(to.parent_path() / name);
  }
  return joined;
}

std::vector<double> Seconds(const fs::path& path) {
  VideoReader reader(path);
  std::vector<double> seconds;
  while (auto frame = reader.Next()) seconds.push_back(frame->pts() * reader.info().time_base.ToDouble());
  return seconds;
}

TEST_F(HostileChunks, BecomeVideosWithEveryFrameAtItsTimeSlow) {
  TempDir out;
  int copied = 0;
  for (const fs::path& file : Files()) {
    for (const char* name : {"copy.mp4", "copy.mkv"}) {
      SCOPED_TRACE(file.filename().string() + " to " + name);
      const Joined joined = Join(file, out / name);
      if (!joined.error.empty()) {
        EXPECT_FALSE(fs::exists(out / name));
        EXPECT_EQ(joined.error.find('\n'), std::string::npos);
        continue;
      }
      ++copied;
      try {
        CheckVideo(out / name, ExpectedOf(joined.copy), 1);
      } catch (const Error& error) {
        ADD_FAILURE() << error.what();
      }
      const std::vector<double> before = Seconds(file);
      const std::vector<double> after = Seconds(out / name);
      ASSERT_EQ(after.size(), before.size());
      const double shift = after.front() - before.front();
      const bool exact = std::string(name) == "copy.mp4";
      if (exact) {
        EXPECT_NEAR(shift, before.front() < 0 ? -before.front() : 0, 1e-7);
      }
      for (size_t i = 0; i < after.size(); ++i) {
        // mp4 keeps every tick (the bound is what doubles lose), Matroska milliseconds, no two frames in one.
        EXPECT_NEAR(after[i], before[i] + shift, exact ? 1e-7 : 2.1e-3) << "frame " << i;
      }
      const VideoInfo info = ProbeVideo(file);
      EXPECT_EQ(joined.copy.report.audio_streams, info.audio_streams) << joined.copy.report.message;
      EXPECT_EQ(joined.copy.report.subtitle_streams, info.subtitle_streams) << joined.copy.report.message;
      fs::remove(out / name);
    }
  }
  EXPECT_GT(copied, 120);
}

TEST_F(HostileChunks, KeepTheirAudioPacketsWhereTheContainerTakesThem) {
  TempDir out;
  for (const char* name :
       {"base.mp4", "audio_late.mp4", "video_late.mp4", "two_audio.mp4", "surround51.mp4", "opus_in.mp4",
        "ac3_audio.mkv", "xvid_packed.avi", "start10.mp4", "start1_4.ts", "negstart.mkv", "ts_discont.ts"}) {
    SCOPED_TRACE(name);
    const fs::path source = folder() / name;
    const Joined joined = Join(source, out / "copy.mp4");
    ASSERT_EQ(joined.error, "");
    EXPECT_EQ(joined.copy.report.message, "");
    const auto before = AudioPacketDigests(source);
    const auto after = AudioPacketDigests(out / "copy.mp4");
    ASSERT_EQ(after.size(), before.size());
    EXPECT_EQ(joined.copy.report.audio_packets, static_cast<int64_t>(before.size()));
    const double picture = Seconds(out / "copy.mp4").front() - Seconds(source).front();
    for (const size_t i : {after.size() / 4, after.size() * 7 / 8}) {
      EXPECT_NEAR(after[i].seconds() - before[i].seconds(), picture, 1.1e-3) << i;
    }
  }
}

TEST_F(HostileChunks, EncodeSoundThatTheContainerRefuses) {
  TempDir out;
  const Joined pcm = Join(folder() / "pcm_audio.mov", out / "a.mp4");
  EXPECT_THAT(pcm.copy.report.message, HasSubstr("audio 1 (pcm_s16le) was encoded as AAC for mp4"));
  ASSERT_EQ(AudioStreamsOf(out / "a.mp4").size(), 1u);
  EXPECT_EQ(AudioStreamsOf(out / "a.mp4")[0].codec, "aac");
  // 3 s of 1024 samples at 48 kHz, and one packet of priming before 0.
  const auto packets = AudioPacketDigests(out / "a.mp4");
  EXPECT_NEAR(packets.size(), 3 * 48000 / 1024.0 + 1, 1.0);
  EXPECT_NEAR(packets.front().seconds(), -1024 / 48000.0, 1e-6);
  ChunkedCopy webm;
  webm.codec = "vp9";
  const Joined two = Join(folder() / "two_audio.mp4", out / "b.webm", webm);
  EXPECT_THAT(two.copy.report.message,
              HasSubstr("audio 1 (aac) was encoded as Opus for webm; audio 2 (aac)"));
  const auto streams = AudioStreamsOf(out / "b.webm");
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(streams[0].language, "eng");
  EXPECT_EQ(streams[1].language, "deu");
  EXPECT_TRUE(streams[1].is_default);
  EXPECT_EQ(streams[1].sample_rate, 48000) << "Opus knows 48 kHz, not 44.1";
  const Joined surround = Join(folder() / "surround51.mp4", out / "c.webm", webm);
  EXPECT_EQ(AudioStreamsOf(out / "c.webm").at(0).channels, 6) << surround.error;
}

TEST_F(HostileChunks, KeepSubtitlesInTheFormatOfTheContainer) {
  TempDir out;
  struct Case {
    const char* source;
    const char* target;
    const char* codec;
    const char* language;
  };
  for (const Case c :
       {Case{"subs_movtext.mp4", "a.mp4", "mov_text", "eng"},
        Case{"subs_movtext.mp4", "a.mov", "mov_text", "eng"},
        Case{"subs_movtext.mp4", "a.mkv", "subrip", "eng"},
        Case{"subs_movtext.mp4", "a.webm", "webvtt", "eng"},
        Case{"subs_srt_chap.mkv", "b.mp4", "mov_text", ""}, Case{"subs_srt_chap.mkv", "b.mkv", "subrip", ""},
        Case{"subs_srt_chap.mkv", "b.webm", "webvtt", ""}}) {
    SCOPED_TRACE(std::string(c.source) + " to " + c.target);
    ChunkedCopy how;
    if (std::string(c.target).ends_with("webm")) how.codec = "vp9";
    const Joined joined = Join(folder() / c.source, out / c.target, how);
    ASSERT_EQ(joined.error, "");
    EXPECT_EQ(joined.copy.report.subtitle_streams, 1) << joined.copy.report.message;
    std::vector<StoredSubtitle> said;
    for (StoredSubtitle& subtitle : SubtitlesOf(out / c.target)) {
      if (subtitle.bytes.size() > 2) said.push_back(std::move(subtitle));  // mov_text stores silence too
    }
    ASSERT_EQ(said.size(), 2u);
    const double shift = Seconds(out / c.target).front();  // what Matroska moves everything by
    EXPECT_NEAR(said[0].seconds - shift, 0.2, 2e-3);
    EXPECT_NEAR(said[0].duration_seconds, 1.3, 2e-3);
    EXPECT_NEAR(said[1].seconds - shift, 1.8, 2e-3);
    EXPECT_THAT(said[0].bytes, HasSubstr("hello subtitle"));
    EXPECT_THAT(said[1].bytes, HasSubstr("second"));
    std::string codec;
    std::string language;
    for (const StreamInfo& stream : StreamsOf(out / c.target)) {
      if (stream.type != "subtitle") continue;
      codec = stream.codec;
      language = stream.language;
    }
    EXPECT_EQ(codec, c.codec);
    EXPECT_EQ(language.substr(0, std::string(c.language).size()), c.language);
    const bool same = codec == (std::string(c.source).ends_with("mkv") ? "subrip" : "mov_text");
    EXPECT_EQ(joined.copy.report.message.find("subtitle 1") == std::string::npos, same)
        << joined.copy.report.message;
  }
}

TEST_F(HostileChunks, KeepChapters) {
  TempDir out;
  for (const char* name : {"a.mp4", "a.mov", "a.mkv", "a.webm"}) {
    SCOPED_TRACE(name);
    ChunkedCopy how;
    if (std::string(name).ends_with("webm")) how.codec = "vp9";
    const Joined joined = Join(folder() / "subs_srt_chap.mkv", out / name, how);
    ASSERT_EQ(joined.error, "");
    EXPECT_EQ(joined.copy.report.chapters, 2);
    const auto chapters = ChaptersOf(out / name);
    ASSERT_EQ(chapters.size(), 2u);
    EXPECT_EQ(chapters[0].title, "one");
    EXPECT_EQ(chapters[1].title, "two");
    const double shift = Seconds(out / name).front() - Seconds(folder() / "subs_srt_chap.mkv").front();
    EXPECT_NEAR(chapters[0].start_seconds, shift, 1e-3);
    EXPECT_NEAR(chapters[1].start_seconds, 1.5 + shift, 1e-3);
    EXPECT_NEAR(chapters[1].end_seconds, 3.0 + shift, 0.05);
  }
  ChunkedCopy how;
  how.range.start_seconds = 1.0;
  how.range.end_seconds = 2.0;
  Join(folder() / "subs_srt_chap.mkv", out / "cut.mp4", how);
  const auto chapters = ChaptersOf(out / "cut.mp4");
  ASSERT_EQ(chapters.size(), 2u);
  EXPECT_NEAR(chapters[0].start_seconds, 0, 1e-3);
  const double first = Seconds(folder() / "subs_srt_chap.mkv").front();  // what the range counts from
  EXPECT_NEAR(chapters[1].start_seconds, 0.5 - first, 1e-3);
  std::vector<StoredSubtitle> said;
  for (const StoredSubtitle& subtitle : SubtitlesOf(out / "cut.mp4")) {
    if (subtitle.bytes.size() > 2) said.push_back(subtitle);
  }
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NEAR(said[0].seconds, 0, 2e-3) << "on screen when the cut begins";
  EXPECT_NEAR(said[0].duration_seconds, 0.5, 2e-3);
  EXPECT_NEAR(said[1].seconds, 0.8, 2e-3);
  EXPECT_NEAR(said[1].duration_seconds, 0.2, 2e-3);
}

TEST_F(HostileChunks, KeepFontsAndCoversWhereTheContainerTakesThem) {
  TempDir out;
  const auto only = [](const fs::path& path, const std::string& type) {
    std::vector<StreamInfo> found;
    for (const StreamInfo& stream : StreamsOf(path)) {
      if (stream.type == type) found.push_back(stream);
    }
    return found;
  };
  Joined joined = Join(folder() / "attach_font.mkv", out / "a.mkv");
  EXPECT_EQ(joined.copy.report.attachments, 1) << joined.error;
  ASSERT_EQ(only(out / "a.mkv", "attachment").size(), 1u);
  EXPECT_EQ(only(out / "a.mkv", "attachment")[0].bytes, 20000);
  EXPECT_EQ(only(out / "a.mkv", "attachment")[0].filename, "f.ttf");
  joined = Join(folder() / "attach_font.mkv", out / "a.mp4");
  EXPECT_THAT(joined.copy.report.message, HasSubstr("the attachment f.ttf was dropped"));
  const int64_t cover = only(folder() / "cover_art.mp4", "cover").at(0).bytes;
  for (const char* name : {"b.mp4", "b.mkv"}) {
    joined = Join(folder() / "cover_art.mp4", out / name);
    EXPECT_EQ(joined.copy.report.attachments, 1) << name << joined.copy.report.message;
    ASSERT_EQ(only(out / name, "cover").size(), 1u) << name;
    EXPECT_EQ(only(out / name, "cover")[0].bytes, cover) << name;
    EXPECT_EQ(only(out / name, "cover")[0].codec, "png") << name;
    EXPECT_EQ(ReadAll(out / name).pts.size(), 75u);
  }
  joined = Join(folder() / "cover_art.mp4", out / "b.mov");
  EXPECT_THAT(joined.copy.report.message, HasSubstr("the cover picture was dropped"));
  joined = Join(out / "b.mkv", out / "c.mp4");
  ASSERT_EQ(only(out / "c.mp4", "cover").size(), 1u) << joined.copy.report.message;
}

TEST_F(HostileChunks, SayWhichStreamsNobodyCopiesAndKeepTheTimeCode) {
  TempDir out;
  Joined joined = Join(folder() / "two_video.mkv", out / "a.mp4");
  EXPECT_THAT(joined.copy.report.message, HasSubstr("another video stream (h264, 160 x 120 px) was dropped"));
  joined = Join(folder() / "tmcd_data.mov", out / "b.mov");
  EXPECT_EQ(joined.copy.report.message, "");
  EXPECT_EQ(StreamsOf(out / "b.mov").back().type, "data");
}

TEST_F(HostileChunks, ComeBackDeinterlaced) {
  VideoReader reader(folder() / "interlaced.mp4");
  EXPECT_TRUE(reader.info().interlaced);
  int frames = 0;
  double comb = 0, plain = 0;
  while (auto frame = reader.Next()) {
    ++frames;
    // Woven fields of moving pictures differ between neighbouring rows more than between every other one.
    const cv::Mat luma = frame->Luma();
    const int rows = luma.rows;
    comb += cv::norm(luma.rowRange(0, rows - 2), luma.rowRange(1, rows - 1), cv::NORM_L1);
    plain += cv::norm(luma.rowRange(0, rows - 2), luma.rowRange(2, rows), cv::NORM_L1);
  }
  EXPECT_EQ(frames, 75);
  EXPECT_LT(comb, plain);
  EXPECT_FALSE(ProbeVideo(folder() / "base.mp4").interlaced);
}

TEST_F(HostileChunks, ReadOnFromAnyFrameAsIfNeverInterruptedSlow) {
  int checked = 0;
  for (const fs::path& file : Files()) {
    SCOPED_TRACE(file.filename().string());
    std::vector<std::string> all;
    std::vector<int64_t> pts;
    try {
      VideoReader reader(file);
      while (auto frame = reader.Next()) pts.push_back(frame->pts());
      all = PictureDigests(file);
    } catch (const Error&) {
      continue;
    }
    for (const size_t from : {pts.size() / 3, pts.size() * 3 / 4, pts.size() - 1}) {
      ReadOptions options;
      options.first_pts = pts[from];
      options.first_index = static_cast<int64_t>(from);
      options.seek_beyond_seconds = 0;
      VideoReader reader(file, options);
      size_t i = from;
      while (auto frame = reader.Next()) {
        ASSERT_LT(i, pts.size());
        ASSERT_EQ(frame->index(), static_cast<int64_t>(i));
        ASSERT_EQ(frame->pts(), pts[i]);
        ++i;
      }
      EXPECT_EQ(i, pts.size()) << "from " << from;
      const auto rest = PictureDigests(file, options);
      ASSERT_EQ(rest.size(), all.size() - from);
      EXPECT_TRUE(std::equal(rest.begin(), rest.end(), all.begin() + static_cast<std::ptrdiff_t>(from)))
          << "from " << from;
      ++checked;
    }
  }
  EXPECT_GT(checked, 180);
}

}  // namespace
}  // namespace reelswap
