#include "pipeline/picture_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/photo.h"
#include "media/video_reader.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

void WriteGray(const fs::path& path, int level, cv::Size size = {64, 48}) {
  fs::create_directories(path.parent_path());
  WritePhoto(path, cv::Mat(size, CV_8UC3, cv::Scalar::all(level)));
}

TEST(SequencePictures, ComeInTheOrderOfTheirNumbersAndOfNoOther) {
  const TempDir dir;
  for (const char* name : {"s_9.png", "s_10.png", "s_100.png", "s_.png", "s_1x.png", "t_1.png", "s_-1.png", "s_007.png"}) {
    WriteGray(dir / name, 50);
  }
  EXPECT_THAT(SequencePictures((dir / "s_%d.png").string()),
              ElementsAre(dir / "s_9.png", dir / "s_10.png", dir / "s_100.png"));
  EXPECT_THAT(SequencePictures((dir / "s_%03d.png").string()), ElementsAre(dir / "s_007.png", dir / "s_100.png"));
  EXPECT_EQ(SequencePictures(dir.path().string()).size(), 8u);
}

TEST(SequencePictures, WithoutOneIsAnErrorThatNamesThePattern) {
  const TempDir dir;
  WriteGray(dir / "a.png", 50);
  for (const char* pattern : {"%05d.png", "a.png", "%s.png", "%n%n.png"}) {
    try {
      SequencePictures((dir / pattern).string());
      FAIL() << pattern;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kMedia);
      EXPECT_THAT(error.what(), HasSubstr(pattern));
    }
  }
  EXPECT_THROW(SequencePictures((dir / "none/%d.png").string()), Error);
}

TEST(SequenceRate, TakesTheBroadcastersRatesExactly) {
  EXPECT_EQ(SequenceRate(25), (Rational{25, 1}));
  EXPECT_EQ(SequenceRate(23.976), (Rational{24000, 1001}));
  EXPECT_EQ(SequenceRate(29.97), (Rational{30000, 1001}));
  EXPECT_EQ(SequenceRate(59.94), (Rational{60000, 1001}));
  EXPECT_EQ(SequenceRate(24), (Rational{24, 1}));
  EXPECT_EQ(SequenceRate(12.5), (Rational{25, 2}));
  EXPECT_EQ(SequenceRate(0.01), (Rational{1, 100}));
}

TEST(SequenceAsVideo, HasEveryPictureAtItsTime) {
  for (const cv::Size size : {cv::Size(64, 48), cv::Size(63, 47)}) {
    const TempDir dir;
    for (int i = 0; i < 12; ++i) WriteGray(dir / ("f/" + std::to_string(i) + ".png"), 20 * i, size);
    NullProgress none;
    const auto pictures = SequencePictures((dir / "f/%d.png").string());
    const SequenceVideo video = SequenceAsVideo(pictures, 23.976, dir / "out", "f", none, {});
    VideoReader reader(video.path);
    EXPECT_EQ(reader.info().frame_rate, (Rational{24000, 1001}));
    int count = 0;
    while (const auto frame = reader.Next()) {
      EXPECT_EQ(frame->size(), size);
      EXPECT_NEAR(frame->Bgr().at<cv::Vec3b>(20, 20)[1], 20 * count, 1) << "levels, to the rounding of the conversion";
      const Rational tick = reader.info().time_base;
      EXPECT_EQ(frame->pts() * tick.num * 24000, static_cast<int64_t>(count) * 1001 * tick.den) << "exact time";
      ++count;
    }
    EXPECT_EQ(count, 12);
    const auto made = fs::last_write_time(video.path);
    EXPECT_EQ(SequenceAsVideo(pictures, 23.976, dir / "out", "f", none, {}).path, video.path);
    EXPECT_EQ(fs::last_write_time(video.path), made) << "taken as it is";
    EXPECT_NE(SequenceAsVideo(pictures, 25, dir / "out", "f", none, {}).sha256, video.sha256);
  }
}

TEST(SequenceAsVideo, LeavesNothingBehindWhereAPictureIsDamagedOrOfAnotherSize) {
  const TempDir dir;
  for (int i = 0; i < 3; ++i) WriteGray(dir / ("f/" + std::to_string(i) + ".png"), 50);
  WriteGray(dir / "f/3.png", 50, {64, 50});
  NullProgress none;
  const auto pictures = SequencePictures((dir / "f").string());
  try {
    SequenceAsVideo(pictures, 25, dir / "out", "f", none, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("3.png has 64 x 50 px, the first picture of the sequence 64 x 48"));
  }
  std::ofstream(dir / "f/3.png") << "no picture";
  EXPECT_THROW(SequenceAsVideo(pictures, 25, dir / "out", "f", none, {}), Error);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_THROW(SequenceAsVideo({pictures[0]}, 25, dir / "out", "f", none, stopped.get_token()), Error);
  EXPECT_TRUE(fs::is_empty(dir / "out"));
}

}  // namespace
}  // namespace reelswap
