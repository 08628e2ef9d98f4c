// Targets that cannot be converted: one failed item with one clear sentence, and earlier results stay.
#include <gtest/gtest.h>

#include <fstream>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "testing/http_server.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Names, sizes and times of everything below a folder but the runs' own reports.
std::vector<std::string> StateOf(const fs::path& folder) {
  std::vector<std::string> state;
  for (const std::string& name : FilesBelow(folder)) {
    const auto time = fs::last_write_time(folder / name).time_since_epoch().count();
    state.push_back(name + " " + std::to_string(fs::file_size(folder / name)) + " " + std::to_string(time));
  }
  return state;
}

TEST(BadTarget, FailsAloneAndLeavesEarlierResultsAlone) {
  TempDir dir;
  DemoProject project;
  project.target_keys = "side_by_side: horizontal\n    duration: 0.4";
  const fs::path file = project.Write(dir.path());
  ASSERT_EQ(RunProgram({"run", file.string()}, dir.path()).exit_code, 0);
  const fs::path output = dir / "data/small/output";
  const std::vector<std::string> earlier = StateOf(output);
  ASSERT_EQ(earlier.size(), 4u);  // two videos and their sidecars

  const std::string whole = ReadFile(DemoMedia() / "ava_target.mp4");
  std::ofstream(dir / "cut.mp4", std::ios::binary) << whole.substr(0, whole.size() * 6 / 10);
  std::ofstream(dir / "page.mp4") << "<!DOCTYPE html><html><body>Sign in to continue</body></html>";
  fs::copy_file(DemoMedia() / "ben_1.mp4", dir / "secret.mp4");
  std::ofstream(dir / "list.mp4")
      << "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n";
  WriteTestVideo(dir / "wall.mp4", {});
  HttpServer server([](const HttpRequest&) { return Refuse(404); });

  struct Case {
    std::string target;
    std::vector<std::string> words;
  };
  const std::vector<Case> cases = {{server.Url("/gone.mp4"), {"404", "gone.mp4"}},
                                   {(dir / "cut.mp4").string(), {"cut.mp4", "again"}},
                                   {(dir / "page.mp4").string(), {"page.mp4", "web page"}},
                                   {(dir / "list.mp4").string(), {"list.mp4", "playlist"}},
                                   {(dir / "wall.mp4").string(), {"wall.mp4", "no face", "min_size"}}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.target);
    // The whole target is asked for: a cut file fails for what it is, not for where it was cut.
    const ProgramResult result =
        RunProgram({"convert", file.string(), "--set", "convert.0.target=" + each.target, "--set",
                    "convert.0.duration=100"},
                   dir.path());
    EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
    const json items = ReadReport(dir.path()).at("items");
    ASSERT_EQ(items.size(), 1u) << items;
    EXPECT_EQ(items[0].at("stage"), "target");
    EXPECT_EQ(items[0].at("state"), "failed");
    const std::string sentence = items[0].at("error");
    for (const std::string& word : each.words) EXPECT_NE(sentence.find(word), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find("internal error"), std::string::npos) << sentence;
    EXPECT_NE(result.out.find(sentence.substr(0, 30)), std::string::npos) << result.out;
    EXPECT_EQ(StateOf(output), earlier);
  }
  // And the good one is still there to be reused.
  ASSERT_EQ(RunProgram({"convert", file.string()}, dir.path()).exit_code, 0);
  EXPECT_EQ(ReadReport(dir.path()).at("items")[0].at("state"), "reused");
}

}  // namespace
}  // namespace reelswap::testing
