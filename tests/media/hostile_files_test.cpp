// The awkward and damaged files of the shared corpus through reader and writer.
#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "media/hostile_set.h"
#include "media/inspect.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  std::vector<double> seconds;  // of every frame
  std::string error;
  WriteReport written;
};

Outcome CopyThrough(const fs::path& from, const fs::path& to) {
  Outcome outcome;
  try {
    VideoReader reader(from);
    WriteOptions options;
    options.video = reader.info();
    options.encoder.preset = "ultrafast";
    AudioCopy audio;
    audio.path = from;
    options.audio = audio;
    VideoWriter writer(to, options);
    while (auto frame = reader.Next()) {
      outcome.seconds.push_back(static_cast<double>(frame->pts()) * reader.info().time_base.ToDouble());
      writer.Write(*frame);
    }
    outcome.written = writer.Commit();
  } catch (const Error& error) {
    outcome.error = error.what();
  }
  return outcome;
}

class HostileFiles : public HostileSet {};

// How many frames each file has: 0 = it must be refused. Counted with the ffprobe program.
const std::map<std::string, int> kFrames = {
    {"base.mp4", 75},
    {"vfr_drop.mp4", 56},
    {"vfr_jitter.mp4", 75},
    {"vfr_phone.mp4", 90},
    {"gap_hold.mp4", 39},
    {"bframes_edit.mp4", 75},
    {"negstart.mkv", 75},
    {"nopts_head.mkv", 75},
    {"start10.mp4", 75},
    {"start1_4.ts", 75},
    {"one_frame.mp4", 1},
    {"two_frames_1fps.mp4", 2},
    {"fps_23976.mp4", 72},
    {"fps_120.mp4", 240},
    {"ts_discont.ts", 150},
    {"rot90.mp4", 75},
    {"res_change.ts", 125},
    {"odd_420_ffv1.mkv", 25},
    {"hdr10_pq.mp4", 75},
    {"h264_rgb.mkv", 75},
    {"cover_art.mp4", 75},
    {"cover_first.mkv", 75},
    {"two_video.mkv", 75},
    {"xvid_packed.avi", 75},
    {"flv1.flv", 75},
    {"wmv2.wmv", 75},
    {"mpeg2.mpg", 75},
    {"anim.gif", 20},
    {"fragmented.mp4", 75},
    {"mp4_named.avi", 75},
    {"huge_dims.mp4", 75},
    {"av1.mp4", 75},
    {"audio_only.m4a", 0},
    {"zero_byte.mp4", 0},
    {"html.mp4", 0},
    {"random.mp4", 0},
    {"picture.mp4", 0},
    {"hls_playlist.mp4", 0},
    {"ffconcat.mp4", 0},
    {"dir.mp4", 0},
    {"fifo.mp4", 0},
    {"dangling.mp4", 0},
    {"trunc60_moovlast.mp4", 0},
    {"cenc_encrypted.mp4", 0},
};

TEST_F(HostileFiles, EndInFramesOrInOneSentenceAndCopiesKeepEveryFrameAndItsTime) {
  testing::TempDir out;
  int copied = 0;
  for (const fs::path& file : Files()) {
    SCOPED_TRACE(file.filename().string());
    const Outcome outcome = CopyThrough(file, out / "copy.mp4");
    if (const auto known = kFrames.find(file.filename().string()); known != kFrames.end()) {
      EXPECT_EQ(static_cast<int>(outcome.seconds.size()), known->second) << outcome.error;
      EXPECT_EQ(outcome.error.empty(), known->second > 0) << outcome.error;
    }
    if (!outcome.error.empty()) {
      EXPECT_FALSE(fs::exists(out / "copy.mp4"));
      continue;
    }
    ++copied;
    EXPECT_EQ(outcome.written.frames, static_cast<int64_t>(outcome.seconds.size()));
    VideoReader reader(out / "copy.mp4");
    const double shift = std::min(0.0, outcome.seconds.front());
    size_t i = 0;
    for (; auto frame = reader.Next(); ++i) {
      ASSERT_LT(i, outcome.seconds.size());
      // mp4 keeps every tick; the bound is what doubles lose.
      EXPECT_NEAR(static_cast<double>(frame->pts()) * reader.info().time_base.ToDouble(),
                  outcome.seconds[i] - shift, 1e-7)
          << "frame " << i;
    }
    EXPECT_EQ(i, outcome.seconds.size());
    fs::remove(out / "copy.mp4");
  }
  EXPECT_GT(copied, 60);
}

TEST_F(HostileFiles, KeepTheirAudioPackets) {
  testing::TempDir out;
  for (const char* name :
       {"base.mp4", "audio_late.mp4", "video_late.mp4", "audio_longer.mp4", "audio_shorter.mp4",
        "two_audio.mp4", "surround51.mp4", "opus_in.mp4", "ac3_audio.mkv", "vp8_vorbis.webm", "vp9_opus.webm",
        "xvid_packed.avi", "pcm_audio.mov", "wmv2.wmv", "start10.mp4", "negstart.mkv"}) {
    const fs::path source = folder() / name;
    const auto before = AudioPacketDigests(source);
    for (const char* copy_name : {"copy.mp4", "copy.mkv"}) {
      SCOPED_TRACE(std::string(name) + " to " + copy_name);
      const Outcome outcome = CopyThrough(source, out / copy_name);
      ASSERT_EQ(outcome.error, "");
      if (outcome.written.audio_streams == 0) {
        EXPECT_NE(outcome.written.message.find("does not go into mp4"), std::string::npos);
        continue;
      }
      const auto after = AudioPacketDigests(out / copy_name);
      ASSERT_EQ(after.size(), before.size());
      for (size_t i = 0; i < after.size(); ++i) ASSERT_EQ(after[i].sha256, before[i].sha256) << i;
      // Sound keeps its place beside the picture: within the coarser container's millisecond.
      const double picture = VideoReader(out / copy_name).info().start_seconds - outcome.seconds.front();
      const size_t middle = after.size() / 2;
      EXPECT_NEAR(after[middle].seconds() - before[middle].seconds(), picture, 2.1e-3);
    }
  }
}

TEST_F(HostileFiles, KeepLanguagesAndDefaultsOfAllAudioStreams) {
  testing::TempDir out;
  for (const char* copy_name : {"copy.mp4", "copy.mkv"}) {
    ASSERT_EQ(CopyThrough(folder() / "two_audio.mp4", out / copy_name).error, "");
    const auto streams = AudioStreamsOf(out / copy_name);
    ASSERT_EQ(streams.size(), 2u);
    EXPECT_EQ(streams[0].language, "eng");
    EXPECT_EQ(streams[1].language, "deu");
    EXPECT_FALSE(streams[0].is_default);
    EXPECT_TRUE(streams[1].is_default);
    EXPECT_EQ(streams[1].sample_rate, 44100);
  }
}

}  // namespace
}  // namespace reelswap
