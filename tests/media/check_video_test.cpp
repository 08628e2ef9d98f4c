#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "media/chunked_copy.h"
#include "media/inspect.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestVideo;
using testing::WriteTestTone;
using testing::WriteTestVideo;

class CheckVideoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteTestTone(dir_ / "tone.m4a", 1.0);
    TestVideo video;
    video.format = TestVideo::Format(320, 176);
    video.frames = 30;
    video.audio = dir_ / "tone.m4a";
    WriteTestVideo(dir_ / "a.mp4", video);
    expected_.frames = 30;
    expected_.seconds = 1;
    expected_.longest_frame = 1 / 30.0;
    expected_.audio_streams = 1;
  }
  std::string Complaint() {
    return MessageOf([&] { CheckVideo(dir_ / "a.mp4", expected_, 1); }, ErrorKind::kMedia);
  }
  TempDir dir_;
  ExpectedVideo expected_;
};

TEST_F(CheckVideoTest, PassesAVideoThatIsAsExpected) {
  EXPECT_NO_THROW(CheckVideo(dir_ / "a.mp4", expected_, 1));
  EXPECT_NO_THROW(CheckVideo(dir_ / "a.mp4", expected_, 2));
}

TEST_F(CheckVideoTest, SaysWhatIsNotAsExpected) {
  expected_.frames = 31;
  EXPECT_THAT(Complaint(), HasSubstr("30 pictures instead of 31"));
  expected_.frames = 30;
  expected_.seconds = 1.05;
  EXPECT_THAT(Complaint(), HasSubstr("lasts 1.000 s instead of 1.050 s"));
  expected_.seconds = 1;
  expected_.audio_streams = 2;
  EXPECT_THAT(Complaint(), HasSubstr("1 audio stream instead of 2"));
  expected_.audio_streams = 1;
  expected_.subtitle_streams = 1;
  EXPECT_THAT(Complaint(), HasSubstr("0 subtitle streams instead of 1"));
  expected_.subtitle_streams = 0;
  const auto packets = static_cast<int64_t>(AudioPacketDigests(dir_ / "a.mp4").size());
  expected_.audio_packets = packets + 1;
  EXPECT_THAT(Complaint(), HasSubstr("packets of audio instead of " + std::to_string(packets + 1)));
  expected_.audio_packets = packets;
  EXPECT_NO_THROW(CheckVideo(dir_ / "a.mp4", expected_, 1));
}

TEST_F(CheckVideoTest, FindsDamageInThePictures) {
  std::string bytes = ReadFile(dir_ / "a.mp4");
  for (size_t i = 0; i < 400; ++i) bytes[bytes.size() / 2 + i] = static_cast<char>(i * 37);
  std::ofstream(dir_ / "a.mp4", std::ios::binary) << bytes;
  EXPECT_THAT(Complaint(), HasSubstr("a.mp4, is not right"));
}

TEST_F(CheckVideoTest, FindsOneWrongByteWhereTheCodecHasChecksums) {
  TestVideo video;
  video.format = TestVideo::Format(800, 600);  // libav adds checksums above 720 x 576
  video.frames = 5;
  video.codec = "ffv1";
  WriteTestVideo(dir_ / "f.mkv", video);
  expected_ = {};
  expected_.frames = 5;
  expected_.seconds = 5 / 30.0;
  expected_.longest_frame = 1 / 30.0;
  for (const int threads : {1, 2}) EXPECT_NO_THROW(CheckVideo(dir_ / "f.mkv", expected_, threads));
  std::string bytes = ReadFile(dir_ / "f.mkv");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  std::ofstream(dir_ / "f.mkv", std::ios::binary) << bytes;
  for (const int threads : {1, 2}) {
    EXPECT_THAT(MessageOf([&] { CheckVideo(dir_ / "f.mkv", expected_, threads); }, ErrorKind::kMedia),
                HasSubstr("is not right"));
  }
}

TEST_F(CheckVideoTest, FindsAFileThatWasCutOff) {
  const std::string bytes = ReadFile(dir_ / "a.mp4");
  std::ofstream(dir_ / "a.mp4", std::ios::binary) << bytes.substr(0, bytes.size() * 7 / 10);
  EXPECT_THAT(Complaint(), HasSubstr("is not right"));
}

}  // namespace
}  // namespace reelswap
