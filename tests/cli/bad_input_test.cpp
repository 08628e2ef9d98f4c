// What goes wrong for users, through the program itself: one clear sentence with a cure, the right
// exit code, and nothing lost.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/demo_project.h"
#include "cli/program.h"
#include "core/files.h"
#include "testing/http_server.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Preprocesses a project whose source of ben is `source`: expects exit code 1, one failed item whose
/// sentence holds every one of `words`, and ava's faces untouched by it.
void ExpectFailedSource(const fs::path& folder, const std::string& source, const std::vector<std::string>& words,
                        const std::string& more = "") {
  DemoProject project;
  project.ben = source;
  project.every = "40";
  project.more = more;
  const ProgramResult result = RunProgram({"preprocess", project.Write(folder).string()}, folder);
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  const json report = json::parse(ReadFile(folder / "data/small/report.json"));
  int failed = 0;
  for (const json& item : report.at("items")) {
    if (item.at("stage") == "source" && item.at("person") == "ava") {
      EXPECT_NE(item.at("state"), "failed") << item;
    }
    if (item.at("state") != "failed") continue;
    ++failed;
    const std::string sentence = item.at("error");
    for (const std::string& word : words) EXPECT_NE(sentence.find(word), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find("internal error"), std::string::npos) << sentence;
    EXPECT_NE(result.out.find(sentence.substr(0, 30)), std::string::npos) << result.out;
  }
  EXPECT_EQ(failed, 1) << report.dump(1);
}

/// Videos under any name, temporary ones too, in a folder that also holds the reports of the runs.
int VideosIn(const fs::path& folder) {
  int count = 0;
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ec)) {
    count += entry.path().extension() == ".mp4" ? 1 : 0;
  }
  return count;
}

TEST(BadInput, AMissingPage404) {
  TempDir dir;
  HttpServer server([](const HttpRequest&) { return Refuse(404); });
  ExpectFailedSource(dir.path(), server.Url("/gone.mp4"), {"404", "gone.mp4"});
  EXPECT_EQ(server.Requests().size(), 1u);  // a 4xx is not tried again
}

TEST(BadInput, AWebPageSavedAsMp4) {
  TempDir dir;
  std::ofstream(dir / "page.mp4") << "<!DOCTYPE html><html><body>Sign in to continue</body></html>";
  ExpectFailedSource(dir.path(), (dir / "page.mp4").string(), {"page.mp4", "web page"});
}

TEST(BadInput, AServerThatAnswersWithAWebPage) {
  TempDir dir;
  HttpServer server([](const HttpRequest&) {
    return HtmlPage("<html>log in</html>");
  });
  ExpectFailedSource(dir.path(), server.Url("/clip.mp4"), {"web page"});
}

TEST(BadInput, ATruncatedMp4) {
  TempDir dir;
  std::string bytes = ReadFile(DemoMedia() / "ben_1.mp4");
  std::ofstream(dir / "cut.mp4", std::ios::binary) << bytes.substr(0, bytes.size() * 6 / 10);
  ExpectFailedSource(dir.path(), (dir / "cut.mp4").string(), {"truncated", "again"});
}

TEST(BadInput, AZeroByteFile) {
  TempDir dir;
  std::ofstream(dir / "empty.mp4").flush();
  ExpectFailedSource(dir.path(), (dir / "empty.mp4").string(), {"empty.mp4", "empty"});
}

TEST(BadInput, AVideoWithoutAFace) {
  TempDir dir;
  WriteTestVideo(dir / "wall.mp4", {});
  ExpectFailedSource(dir.path(), (dir / "wall.mp4").string(), {"no face", "wall.mp4", "min_size"});
}

TEST(BadInput, APlaylistNamedMp4ThatPointsAtOtherFiles) {
  TempDir dir;
  fs::copy_file(DemoMedia() / "ben_1.mp4", dir / "secret.mp4");
  std::ofstream(dir / "concat.mp4") << "ffconcat version 1.0\nfile secret.mp4\n";
  ExpectFailedSource(dir.path(), (dir / "concat.mp4").string(), {"concat.mp4", "playlist"});
  std::ofstream(dir / "list.mp4") << "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n";
  ExpectFailedSource(dir.path(), (dir / "list.mp4").string(), {"list.mp4", "playlist"});
}

TEST(BadInput, YtDlpIsMissing) {
  TempDir dir;
  ExpectFailedSource(dir.path(), "http://127.0.0.1:9/watch?v=1", {"yt-dlp"},
                     "download: {ytdlp: /nonexistent/yt-dlp}\n");
}

TEST(BadInput, AFileThatIsNotThere) {
  TempDir dir;
  ExpectFailedSource(dir.path(), "clips/absent_*.mp4", {"absent_*.mp4"});
}

TEST(BadInput, FewerFacesThanTheBatch) {
  TempDir dir;
  DemoProject project;
  project.every = "100";  // three pictures of each clip
  project.batch = "16";
  const ProgramResult result = RunProgram({"run", project.Write(dir.path()).string()}, dir.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("16"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("batch"), std::string::npos) << result.out;
  EXPECT_EQ(VideosIn(dir / "data/small/output"), 0);
}

TEST(BadInput, AYamlOfTheWrongShapeListsEveryProblem) {
  TempDir dir;
  std::ofstream(dir / "p.yaml") << "version: 1\nname: a b\npeople: [ava]\ntrian: {batch: many}\nconvert: 7\n";
  const ProgramResult result = RunProgram({"run", "p.yaml"}, dir.path());
  EXPECT_EQ(result.exit_code, 2);
  for (const char* place : {"p.yaml:2:", "p.yaml:3:", "p.yaml:4:", "p.yaml:5:"}) {
    EXPECT_NE(result.err.find(place), std::string::npos) << place << "\n" << result.err;
  }
  EXPECT_NE(result.err.find("'train'"), std::string::npos) << result.err;  // the nearest key
  EXPECT_FALSE(fs::exists(dir / "data"));
}

TEST(BadInput, APersonWithoutConsent) {
  TempDir dir;
  std::string text = DemoProject().Text();
  text.erase(text.find("    consent"), text.find("    sources") - text.find("    consent"));
  std::ofstream(dir / "p.yaml") << text;
  const ProgramResult result = RunProgram({"check", "p.yaml"}, dir.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("consent"), std::string::npos) << result.err;
}

TEST(BadInput, AFullDisk) {
  TempDir dir;
  const fs::path small = dir / "disk";
  fs::create_directory(small);
  // 6 MB hold the faces, but not the checkpoint of some 60 MB.
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=6m") != 0) GTEST_SKIP() << "mounting a small disk needs root";
  DemoProject project;
  project.more = "workspace: " + small.string() + "/work\n";
  const ProgramResult result = RunProgram({"run", project.Write(dir.path()).string()}, dir.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE((result.out + result.err).find("disk is full"), std::string::npos) << result.out << result.err;
  EXPECT_TRUE(fs::exists(small / "work/faces/ava/faces.jsonl"));  // finished work stays
  ::umount2(small.c_str(), MNT_DETACH);
}

TEST(BadInput, ATargetWithoutAFaceLeavesNoOutput) {
  TempDir dir;
  WriteTestVideo(dir / "wall.mp4", {});
  DemoProject project;
  project.target = (dir / "wall.mp4").string();
  const ProgramResult result = RunProgram({"run", project.Write(dir.path()).string()}, dir.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("no face"), std::string::npos) << result.out;
  EXPECT_EQ(VideosIn(dir / "data/small/output"), 0) << "an unswapped video must not look like a result";
}

TEST(BadInput, OneBadTargetLeavesTheOthers) {
  TempDir dir;
  DemoProject project;
  project.more = "  - target: missing.mp4\n    swap: {ava: ben}\n";
  const ProgramResult result = RunProgram({"run", project.Write(dir.path()).string()}, dir.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("missing.mp4"), std::string::npos);
  EXPECT_TRUE(fs::exists(dir / "data/small/output/ava_target_ava_as_ben.mp4"));
}

}  // namespace
}  // namespace reelswap::testing
