#include "disclose/xmp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/error.h"
#include "disclose/example_provenance.h"
#include "disclose/made_media.h"
#include "disclose/marks.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using testing::Box;
using testing::Example;
using ::testing::HasSubstr;
using testing::KindOf;
using testing::MinimalMovie;
using testing::ReadBytes;
using testing::TempDir;
using testing::WriteBytes;
using testing::WritePicture;

// The bytes of the first top-level box of this type; empty when there is none.
std::string ContentOfBox(const std::string& file, const std::string& type) {
  size_t at = 0;
  while (at + 8 <= file.size()) {
    uint32_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(file[at + i]);
    if (size < 8 || at + size > file.size()) break;
    if (file.compare(at + 4, 4, type) == 0) return file.substr(at + 8, size - 8);
    at += size;
  }
  return {};
}

void ExpectMarked(const fs::path& file) {
  const FoundMarks found = ReadMarks(file);
  EXPECT_EQ(found.digital_source_type, kDigitalSourceType);
  EXPECT_EQ(found.description, Example().description);
  EXPECT_EQ(found.creator_tool, "reelswap 1.2.3");
}

TEST(EmbedXmp, MarksAPngWithoutTouchingItsPixels) {
  const TempDir dir;
  const fs::path file = WritePicture(dir / "out.png");
  EXPECT_TRUE(EmbedXmp(file, Example()));
  ExpectMarked(file);
  EXPECT_EQ(cv::norm(cv::imread(file.string()), testing::Picture(), cv::NORM_INF), 0);
}

TEST(EmbedXmp, MarksAJpegWithoutTouchingItsPixels) {
  const TempDir dir;
  for (const char* name : {"out.jpg", "OUT.JPEG"}) {
    const fs::path file = dir / name;
    fs::rename(WritePicture(dir / "made.jpg"), file);
    const cv::Mat before = cv::imread(file.string());
    EXPECT_TRUE(EmbedXmp(file, Example()));
    ExpectMarked(file);
    EXPECT_EQ(cv::norm(cv::imread(file.string()), before, cv::NORM_INF), 0);
  }
}

TEST(EmbedXmp, MarksMoviesWithoutTouchingTheirMediaBytes) {
  const TempDir dir;
  for (const auto& [name, brand] : std::vector<std::pair<std::string, std::string>>{
           {"out.mp4", "isom"}, {"out.m4v", "mp42"}, {"out.mov", "qt  "}, {"out.abc.part.mp4", "isom"}}) {
    const fs::path file = dir / name;
    WriteBytes(file, MinimalMovie(brand));
    EXPECT_TRUE(EmbedXmp(file, Example())) << name;
    ExpectMarked(file);
    EXPECT_EQ(ContentOfBox(ReadBytes(file), "mdat"), testing::MediaBytes()) << name;
  }
}

TEST(EmbedXmp, LeavesEveryDecodedFrameOfARealVideoAsItWas) {
  if (std::system("ffmpeg -version >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "no ffmpeg program to make a video with";
  const TempDir dir;
  for (const char* name : {"a.mp4", "a.mov"}) {
    const std::string video = (dir / name).string();
    const std::string make =
        "ffmpeg -v error -f lavfi -i testsrc=d=1:s=160x120:r=10 -f lavfi -i sine=d=1 -pix_fmt "
        "yuv420p -movflags +faststart '" +
        video + "'";
    const auto frames = [&](const std::string& to) {
      const std::string sums = (dir / to).string();
      EXPECT_EQ(std::system(("ffmpeg -v error -y -i '" + video + "' -f framemd5 '" + sums + "'").c_str()), 0);
      return ReadBytes(sums);
    };
    ASSERT_EQ(std::system(make.c_str()), 0);
    const std::string before = frames("before");
    EXPECT_TRUE(EmbedXmp(video, Example()));
    ExpectMarked(video);
    EXPECT_EQ(frames("after"), before);
    EXPECT_GT(before.size(), 500u);
  }
}

TEST(EmbedXmp, MayBeRepeatedAndKeepsTheLastMark) {
  const TempDir dir;
  const fs::path file = WritePicture(dir / "out.png");
  Provenance first = Example();
  first.description = "first";
  EXPECT_TRUE(EmbedXmp(file, first));
  const auto once = fs::file_size(file);
  EXPECT_TRUE(EmbedXmp(file, Example()));
  ExpectMarked(file);
  EXPECT_LT(fs::file_size(file), once + 4096);  // bytes: replaced, not stacked
}

TEST(EmbedXmp, KeepsThePermissionsOfTheFile) {
  const TempDir dir;
  const fs::path file = WritePicture(dir / "out.png");
  const fs::perms only_mine = fs::perms::owner_read | fs::perms::owner_write;
  fs::permissions(file, only_mine);
  EXPECT_TRUE(EmbedXmp(file, Example()));
  EXPECT_EQ(fs::status(file).permissions(), only_mine);
}

TEST(EmbedXmp, KeepsWhatTheFileAlreadySaidAboutItself) {
  const TempDir dir;
  const fs::path file = dir / "out.mp4";
  // A packet as another program leaves it, in the box that the XMP specification (part 3) names.
  const std::string packet =
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta "
      "xmlns:x=\"adobe:ns:meta/\">"
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" "
      "xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" photoshop:Credit=\"somebody else\"/></rdf:RDF>"
      "</x:xmpmeta><?xpacket end=\"w\"?>";
  const std::string uuid("\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC", 16);
  WriteBytes(file, MinimalMovie("isom") + Box("uuid", uuid + packet));
  EXPECT_TRUE(EmbedXmp(file, Example()));
  ExpectMarked(file);
  EXPECT_THAT(ReadBytes(file), HasSubstr("somebody else"));
}

TEST(EmbedXmp, RefusesContainersThatCannotHoldItAndLeavesThemAlone) {
  const TempDir dir;
  for (const char* name : {"a.webp", "a.mkv", "a.webm", "a.avi", "a.bmp", "a", "a.mp4.json"}) {
    const fs::path file = dir / name;
    WriteBytes(file, MinimalMovie("isom"));
    EXPECT_FALSE(EmbedXmp(file, Example())) << name;
    EXPECT_EQ(ReadBytes(file), MinimalMovie("isom")) << name;
  }
}

TEST(EmbedXmp, LeavesAWebpAloneUnderAnyName) {
  const TempDir dir;
  if (!cv::haveImageWriter("x.webp")) GTEST_SKIP() << "OpenCV was built without WebP";
  const std::string webp = ReadBytes(WritePicture(dir / "real.webp"));
  for (const char* name : {"real.webp", "lie.png", "lie.jpg", "lie.mp4"}) {
    const fs::path file = dir / name;
    WriteBytes(file, webp);
    EXPECT_FALSE(EmbedXmp(file, Example())) << name;
    EXPECT_EQ(ReadBytes(file), webp) << name;
  }
}

TEST(EmbedXmp, ReportsAMissingFileAndADirectory) {
  const TempDir dir;
  EXPECT_EQ(KindOf([&] { EmbedXmp(dir / "none.mp4", Example()); }), ErrorKind::kMedia);
  fs::create_directory(dir / "folder.mp4");
  EXPECT_EQ(KindOf([&] { EmbedXmp(dir / "folder.mp4", Example()); }), ErrorKind::kMedia);
}

// A disk that is full from here on, as far as this process is concerned.
class NoRoomBeyond {
 public:
  explicit NoRoomBeyond(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~NoRoomBeyond() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST(EmbedXmp, LeavesTheFileAsItWasWhenThereIsNoRoom) {
  const TempDir dir;
  const fs::path file = dir / "out.mp4";
  WriteBytes(file, MinimalMovie("isom"));
  ErrorKind kind{};
  {
    const NoRoomBeyond limit(fs::file_size(file) / 2);
    kind = KindOf([&] { EmbedXmp(file, Example()); });
  }
  EXPECT_EQ(kind, ErrorKind::kDisk);
  EXPECT_EQ(ReadBytes(file), MinimalMovie("isom"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1)
      << "nothing left behind";
}

TEST(EmbedXmp, ReportsAFileItCannotMarkAndNeverClaimsSuccess) {
  const TempDir dir;
  const fs::path file = dir / "cut.png";
  const std::string whole = ReadBytes(WritePicture(dir / "whole.png"));
  WriteBytes(file, whole.substr(0, 8));  // a signature and nothing else
  try {
    EmbedXmp(file, Example());
    EXPECT_EQ(ReadMarks(file).digital_source_type, kDigitalSourceType);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMedia);
    EXPECT_THAT(error.what(), HasSubstr("cut.png"));
  }
}

TEST(EmbedXmp, WritesHostileTextAsText) {
  const TempDir dir;
  Provenance p = Example();
  p.description = "<rdf:li>\"&amp;'\xC3\xA9\xFF\xFE\x01\n]]>" + std::string(100000, 'x');
  p.tool_version = "9<!--";
  for (const char* name : {"a.png", "a.jpg"}) {
    const fs::path file = WritePicture(dir / name);
    EXPECT_TRUE(EmbedXmp(file, p));
    const FoundMarks found = ReadMarks(file);
    EXPECT_EQ(found.digital_source_type, kDigitalSourceType);
    EXPECT_THAT(found.description.value_or(""), HasSubstr("<rdf:li>\"&amp;'\xC3\xA9"));
    EXPECT_LE(found.description->size(), 1000u);  // bytes
    EXPECT_EQ(found.creator_tool, "reelswap 9<!--");
    EXPECT_FALSE(cv::imread(file.string()).empty());
  }
}

TEST(EmbedXmp, SaysWhatItIsEvenWithoutADescription) {
  const TempDir dir;
  const fs::path file = WritePicture(dir / "a.png");
  EXPECT_TRUE(EmbedXmp(file, Provenance{}));
  EXPECT_EQ(ReadMarks(file).description, "AI-generated face swap");
  EXPECT_THAT(ReadMarks(file).creator_tool.value_or(""), ::testing::MatchesRegex("reelswap [0-9.]+"));
}

TEST(EmbedXmp, WorksFromManyThreads) {
  const TempDir dir;
  std::vector<fs::path> files;
  for (int i = 0; i < 8; ++i) files.push_back(WritePicture(dir / ("p" + std::to_string(i) + ".png")));
  std::vector<std::thread> threads;
  for (const fs::path& file : files) threads.emplace_back([&file] { EmbedXmp(file, Example()); });
  for (std::thread& thread : threads) thread.join();
  for (const fs::path& file : files) ExpectMarked(file);
}

}  // namespace
}  // namespace reelswap
