#include "fetch/source_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDir;

const std::string kUrl = "https://alice:hunter2@example.org/a.mp4?token=abcd1234&v=1";

void Write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

SourceRecord RecordIn(const TempDir& dir) {
  Write(dir / "media.mp4", "12345");
  SourceRecord record;
  record.media.url = kUrl;
  record.media.path = dir / "media.mp4";
  record.media.bytes = 5;
  record.media.sha256 = Sha256OfBytes("12345");
  record.media.title = "A 'title' \xff 😀";
  record.media.id = "id1";
  record.media.duration_seconds = 2.5;
  record.validator = "\"e\"";
  return record;
}

TEST(SourceRecord, ComesBackAsItWasWritten) {
  TempDir dir;
  WriteSourceRecord(dir.path(), RecordIn(dir));
  const auto read = ReadSourceRecord(dir.path(), kUrl);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->media.path, dir / "media.mp4");
  EXPECT_EQ(read->media.url, kUrl);
  EXPECT_EQ(read->media.id, "id1");
  EXPECT_EQ(read->media.duration_seconds, 2.5);
  EXPECT_EQ(read->media.bytes, 5);
  EXPECT_EQ(read->media.sha256, Sha256OfBytes("12345"));
  EXPECT_EQ(read->validator, "\"e\"");
  EXPECT_TRUE(read->media.was_complete);
  EXPECT_THAT(read->media.title, HasSubstr("😀"));
}

TEST(SourceRecord, HoldsNoPasswordAndNoToken) {
  TempDir dir;
  WriteSourceRecord(dir.path(), RecordIn(dir));
  const std::string text = ReadFile(dir / "source.json");
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, Not(HasSubstr("abcd1234")));
  EXPECT_THAT(text, HasSubstr("example.org/a.mp4"));
}

TEST(SourceRecord, CountsForItsOwnUrlOnly) {
  TempDir dir;
  WriteSourceRecord(dir.path(), RecordIn(dir));
  EXPECT_FALSE(ReadSourceRecord(dir.path(), kUrl + "x"));
}

TEST(SourceRecord, IsNothingWithoutItsFileOrWithAnotherSize) {
  TempDir dir;
  WriteSourceRecord(dir.path(), RecordIn(dir));
  Write(dir / "media.mp4", "1234");
  EXPECT_FALSE(ReadSourceRecord(dir.path(), kUrl));
  fs::remove(dir / "media.mp4");
  EXPECT_FALSE(ReadSourceRecord(dir.path(), kUrl));
}

TEST(SourceRecord, IsNothingWhenTornOrOfTheWrongShape) {
  TempDir dir;
  WriteSourceRecord(dir.path(), RecordIn(dir));
  const std::string whole = ReadFile(dir / "source.json");
  for (const std::string& text :
       {whole.substr(0, whole.size() / 2), std::string("[]"), std::string("{\"bytes\":\"x\"}"), std::string(),
        std::string("\x00\xff", 2)}) {
    Write(dir / "source.json", text);
    EXPECT_FALSE(ReadSourceRecord(dir.path(), kUrl)) << text;
  }
}

TEST(SourceRecord, NeverLeavesItsFolder) {
  TempDir dir;
  Write(dir / "outside.mp4", "12345");
  fs::create_directory(dir / "s");
  WriteSourceRecord(dir / "s", RecordIn(dir));
  auto json = nlohmann::json::parse(ReadFile(dir / "s" / "source.json"));
  for (const char* name : {"../outside.mp4", "..", "/etc/hostname", ""}) {
    json["file"] = name;
    Write(dir / "s" / "source.json", json.dump());
    EXPECT_FALSE(ReadSourceRecord(dir / "s", kUrl)) << name;
  }
}

TEST(DescribeLocalFile, GivesSizeAndSumAndTheAbsolutePath) {
  TempDir dir;
  Write(dir / "my clip 😀.mp4", "hello");
  const FetchedMedia media = DescribeLocalFile(dir / "my clip 😀.mp4", dir / "work");
  EXPECT_EQ(media.bytes, 5);
  EXPECT_EQ(media.sha256, Sha256OfBytes("hello"));
  EXPECT_EQ(media.url, (dir / "my clip 😀.mp4").string());
  EXPECT_TRUE(media.was_complete);
}

TEST(DescribeLocalFile, ReadsAnUnchangedFileOnlyOnce) {
  TempDir dir;
  const fs::path file = dir / "a.mp4";
  Write(file, "hello");
  DescribeLocalFile(file, dir / "work");
  const auto time = fs::last_write_time(file);
  Write(file, "HELLO");
  fs::last_write_time(file, time);  // same size and time: the remembered sum shows that it was not read
  EXPECT_EQ(DescribeLocalFile(file, dir / "work").sha256, Sha256OfBytes("hello"));
  fs::last_write_time(file, time + std::chrono::seconds(1));
  EXPECT_EQ(DescribeLocalFile(file, dir / "work").sha256, Sha256OfBytes("HELLO"));
}

TEST(DescribeLocalFile, RefusesWhatIsNoFile) {
  TempDir dir;
  Write(dir / "empty.mp4", "");
  ASSERT_EQ(::mkfifo((dir / "fifo.mp4").c_str(), 0600), 0);
  fs::create_symlink(dir / "gone", dir / "dangling.mp4");
  for (const fs::path& path :
       {dir / "absent.mp4", dir / "empty.mp4", dir / "fifo.mp4", dir / "dangling.mp4", dir.path()}) {
    try {
      DescribeLocalFile(path, dir / "work");
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kMedia);
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
}

}  // namespace
}  // namespace reelswap
