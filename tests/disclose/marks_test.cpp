#include "disclose/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "disclose/example_provenance.h"
#include "disclose/made_media.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Example;
using ::testing::HasSubstr;
using testing::KindOf;
using testing::MinimalMovie;
using testing::ReadBytes;
using testing::TempDir;
using testing::WriteBytes;
using testing::WritePicture;

TEST(ContainerTags, SayWhatTheFileIs) {
  const auto tags = ContainerTags(Example());
  EXPECT_EQ(tags.at("digital_source_type"), kDigitalSourceType);
  EXPECT_EQ(tags.at("description"), Example().description);
  EXPECT_THAT(tags.at("comment"), HasSubstr("AI-generated face swap"));
  EXPECT_EQ(tags.at("creator_tool"), "reelswap 1.2.3");
}

TEST(ContainerTags, HoldPlainTextOnly) {
  Provenance p = Example();
  p.description = std::string("a\0b\r\n\xFF", 6) + std::string(5000, 'y');
  for (const auto& [key, value] : ContainerTags(p)) {
    EXPECT_LE(value.size(), 1100u) << key;
    for (const char c : value) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << key;
  }
  EXPECT_THAT(ContainerTags(p).at("comment"), HasSubstr("AI-generated face swap"));
}

TEST(WriteSidecar, SaysEverythingAboutTheOutput) {
  const TempDir dir;
  const fs::path output = dir / "out.mp4";
  WriteBytes(output, "movie bytes");
  const fs::path sidecar = WriteSidecar(output, Example());
  EXPECT_EQ(sidecar, dir / "out.mp4.json");
  const json said = json::parse(ReadBytes(sidecar));
  EXPECT_EQ(said["what"], "AI-generated face swap");
  EXPECT_EQ(said["digital_source_type"], kDigitalSourceType);
  EXPECT_EQ(said["created"], "2026-08-02T10:11:12Z");
  EXPECT_EQ(said["tool"], "reelswap 1.2.3");
  EXPECT_EQ(said["description"], Example().description);
  EXPECT_EQ(said["output"],
            (json{{"file", "out.mp4"}, {"bytes", 11}, {"sha256", Sha256OfBytes("movie bytes")}}));
  EXPECT_EQ(said["inputs"].size(), 2u);
  EXPECT_EQ(said["inputs"][1],
            (json{{"role", "model"}, {"name", "pair.safetensors"}, {"sha256", std::string(64, 'b')}}));
  EXPECT_EQ(said["people"][0], (json{{"name", "guest"}, {"consent", "consents/guest.pdf"}}));
  EXPECT_EQ(said["settings"], (json{{"feather", "0.08"}, {"crf", "18"}}));
  EXPECT_EQ(said["visible_label"], "AI-generated face swap");
  EXPECT_FALSE(said.contains("no_label_reason"));
}

TEST(WriteSidecar, GivesTheReasonWhereThereIsNoLabel) {
  const TempDir dir;
  WriteBytes(dir / "out.png", "x");
  Provenance p = Example();
  p.visible_label.clear();
  p.no_label_reason = "film credits say so";
  const json said = json::parse(ReadBytes(WriteSidecar(dir / "out.png", p)));
  EXPECT_TRUE(said["visible_label"].is_null());
  EXPECT_EQ(said["no_label_reason"], "film credits say so");
}

TEST(WriteSidecar, TakesBytesThatAreNotText) {
  const TempDir dir;
  const fs::path output = dir / "out\xFF.mp4";
  WriteBytes(output, "x");
  Provenance p = Example();
  p.description = "\xC3\x28 \"quoted\" \x01";
  p.inputs[0].name = "..\\../\xF0\x28\x8C\x28.mp4";
  p.consents["na\xEFve"] = "\xFE";
  p.settings["k\xFF"] = "v\xFF";
  const json said = json::parse(ReadBytes(WriteSidecar(output, p)));
  EXPECT_THAT(said["description"].get<std::string>(), HasSubstr("\"quoted\""));
  EXPECT_EQ(said["people"].size(), 3u);
  EXPECT_EQ(said["settings"].size(), 3u);
  EXPECT_TRUE(ReadMarks(output).sidecar_matches);
}

TEST(WriteSidecar, ReplacesAnOlderOneAndReportsWhatItCannotWrite) {
  const TempDir dir;
  const fs::path output = dir / "out.mp4";
  WriteBytes(output, "one");
  WriteSidecar(output, Example());
  WriteBytes(output, "two");
  WriteSidecar(output, Example());
  EXPECT_TRUE(ReadMarks(output).sidecar_matches);
  EXPECT_EQ(KindOf([&] { WriteSidecar(dir / "missing.mp4", Example()); }), ErrorKind::kDisk);
  WriteBytes(dir / "b.mp4", "b");
  fs::create_directory(dir / "b.mp4.json");
  EXPECT_EQ(KindOf([&] { WriteSidecar(dir / "b.mp4", Example()); }), ErrorKind::kDisk);
}

TEST(ReadMarks, FindsNothingInAnUnmarkedFile) {
  const TempDir dir;
  WriteBytes(dir / "a.mp4", MinimalMovie("isom"));
  for (const fs::path& file : {WritePicture(dir / "a.png"), WritePicture(dir / "a.jpg"), dir / "a.mp4"}) {
    const FoundMarks found = ReadMarks(file);
    EXPECT_FALSE(found.digital_source_type) << file;
    EXPECT_FALSE(found.creator_tool) << file;
    EXPECT_FALSE(found.sidecar_present) << file;
    EXPECT_FALSE(found.sidecar_matches) << file;
  }
}

TEST(ReadMarks, TellsWhetherTheSidecarBelongsToTheFile) {
  const TempDir dir;
  const fs::path output = WritePicture(dir / "out.png");
  EmbedXmp(output, Example());
  WriteSidecar(output, Example());
  FoundMarks found = ReadMarks(output);
  EXPECT_TRUE(found.sidecar_present);
  EXPECT_TRUE(found.sidecar_matches);
  EXPECT_EQ(json::parse(found.sidecar_text)["what"], "AI-generated face swap");
  WriteBytes(output, ReadBytes(output) + "x");
  found = ReadMarks(output);
  EXPECT_TRUE(found.sidecar_present);
  EXPECT_FALSE(found.sidecar_matches);
}

TEST(ReadMarks, WorksWithASidecarAloneForContainersWithoutXmp) {
  const TempDir dir;
  WriteBytes(dir / "out.mkv", "\x1A\x45\xDF\xA3 not really");
  WriteSidecar(dir / "out.mkv", Example());
  const FoundMarks found = ReadMarks(dir / "out.mkv");
  EXPECT_FALSE(found.digital_source_type);
  EXPECT_TRUE(found.sidecar_matches);
}

TEST(ReadMarks, SurvivesHostileSidecars) {
  const TempDir dir;
  const fs::path file = dir / "a.mp4";
  WriteBytes(file, MinimalMovie("isom"));
  const fs::path sidecar = dir / "a.mp4.json";
  for (const std::string& text : {std::string(), std::string("{"), std::string("[1,2]"), std::string("null"),
                                  std::string("\xFF\xFE\0", 3), std::string("{\"output\":7}"),
                                  std::string("{\"output\":{\"sha256\":7}}"),
                                  std::string("{\"output\":{\"sha256\":\"\"}}"), std::string(500000, '[')}) {
    WriteBytes(sidecar, text);
    const FoundMarks found = ReadMarks(file);
    EXPECT_TRUE(found.sidecar_present);
    EXPECT_FALSE(found.sidecar_matches);
    EXPECT_EQ(found.sidecar_text, text);
  }
  WriteBytes(sidecar, std::string(3 << 20, ' '));
  EXPECT_EQ(ReadMarks(file).sidecar_text.size(), size_t{1} << 20);
  fs::remove(sidecar);
  fs::create_directory(sidecar);
  EXPECT_FALSE(ReadMarks(file).sidecar_present);
}

TEST(ReadMarks, SurvivesDamagedFiles) {
  const TempDir dir;
  const fs::path good_png = WritePicture(dir / "good.png"), good_jpg = WritePicture(dir / "good.jpg");
  WriteBytes(dir / "good.mp4", MinimalMovie("isom"));
  cv::RNG rng(11);
  for (const fs::path& good : {good_png, good_jpg, dir / "good.mp4"}) {
    EmbedXmp(good, Example());
    const std::string whole = ReadBytes(good);
    const fs::path bad = dir / ("bad" + good.extension().string());
    for (int i = 0; i < 150; ++i) {
      std::string bytes =
          whole.substr(0, i % 3 == 0 ? rng.uniform(0, static_cast<int>(whole.size())) : whole.size());
      for (int k = 0; k < i % 7 && !bytes.empty(); ++k) {
        bytes[rng.uniform(0, static_cast<int>(bytes.size()))] = static_cast<char>(rng.uniform(0, 256));
      }
      WriteBytes(bad, bytes);
      try {
        const FoundMarks found = ReadMarks(bad);
        EXPECT_FALSE(found.sidecar_present);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kMedia);
      }
    }
  }
}

TEST(ReadMarks, ReadsEmptyAndRandomFilesAsUnmarked) {
  const TempDir dir;
  std::string random(20000, '\0');
  cv::RNG rng(3);
  for (char& c : random) c = static_cast<char>(rng.uniform(0, 256));
  for (const char* name : {"a.mp4", "a.mov", "a.png", "a.jpg", "a.webp", "a.txt"}) {
    for (const std::string& bytes : {std::string(), random, random.substr(0, 3)}) {
      WriteBytes(dir / name, bytes);
      EXPECT_FALSE(ReadMarks(dir / name).digital_source_type) << name;
    }
  }
}

TEST(ReadMarks, ReportsWhatCannotBeRead) {
  const TempDir dir;
  EXPECT_EQ(KindOf([&] { ReadMarks(dir / "none.mp4"); }), ErrorKind::kMedia);
  EXPECT_EQ(KindOf([&] { ReadMarks(dir.path()); }), ErrorKind::kMedia);
}

}  // namespace
}  // namespace reelswap
