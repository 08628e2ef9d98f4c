// Ctrl-C and a kill at any stage: nothing half-made looks finished, and the next run ends as if
// nothing had happened.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <set>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kInterrupted = 130;
constexpr size_t kTargetFrames = 150;  // of ava_target.mp4

std::multiset<std::string> LinesOf(const fs::path& file) {
  std::multiset<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

/// The same rows, whatever their order, and the same pictures byte for byte.
void ExpectSameFaces(const fs::path& expected, const fs::path& got) {
  for (const char* person : {"ava", "ben"}) {
    const fs::path a = expected / "data/small/faces" / person, b = got / "data/small/faces" / person;
    const auto rows = LinesOf(a / "faces.jsonl");
    EXPECT_GT(rows.size(), 20u);
    EXPECT_EQ(LinesOf(b / "faces.jsonl"), rows) << person;
    const auto pictures = FilesBelow(a / "images");
    ASSERT_EQ(FilesBelow(b / "images"), pictures) << person;
    for (const std::string& name : pictures) {
      EXPECT_EQ(ReadFile(b / "images" / name), ReadFile(a / "images" / name)) << name;
    }
  }
}

/// Starts `run` in `folder`, sends `signal` once `text` was said, and looks at what is left.
void InterruptAt(const std::string& text, int signal, const fs::path& folder) {
  SCOPED_TRACE("signal " + std::to_string(signal) + " at " + text);
  Program program({"run", (folder / "project.yaml").string(), "--json"}, folder);
  ASSERT_TRUE(program.WaitForLine(text));
  program.Signal(signal);
  const ProgramResult result = program.Wait();
  EXPECT_EQ(result.exit_code, signal == SIGKILL ? -SIGKILL : kInterrupted) << result.out << result.err;
  const fs::path output = folder / "data/small/output";
  EXPECT_EQ(FinalFilesBelow(output), std::vector<std::string>());
  if (signal != SIGKILL) {
    EXPECT_EQ(FilesBelow(output), std::vector<std::string>());  // it could clean up
  }
}

void ExpectWholeOutput(const fs::path& folder) {
  const fs::path output = folder / "data/small/output";
  const std::string name = "ava_target_ava_as_ben";
  EXPECT_EQ(FilesBelow(output),
            (std::vector<std::string>{name + ".mp4", name + ".mp4.json", name + "_side_by_side.mp4",
                                      name + "_side_by_side.mp4.json"}));
  for (const std::string& video : {name + ".mp4", name + "_side_by_side.mp4"}) {
    EXPECT_EQ(ReadFrames(output / video).size(), kTargetFrames) << video;
  }
}

TEST(Interruption, WhileFacesAreCollectedChangesNoFace) {
  TempDir dir;
  const auto folder_of = [&](const std::string& name) {
    fs::create_directory(dir / name);
    DemoProject().Write(dir / name);
    return dir / name;
  };
  const fs::path whole = folder_of("whole");
  ASSERT_EQ(RunProgram({"preprocess", "project.yaml"}, whole).exit_code, 0);

  struct Case {
    const char* name;
    const char* at;
    int signal;
  };
  for (const Case& each :
       {Case{"stopped", "\"stage\":\"faces\"", SIGINT}, Case{"killed", "\"stage\":\"faces\"", SIGKILL},
        Case{"killed_between", " kept\"", SIGKILL}}) {  // one source done, one not
    SCOPED_TRACE(each.name);
    const fs::path folder = folder_of(each.name);
    InterruptAt(each.at, each.signal, folder);
    const ProgramResult again = RunProgram({"preprocess", "project.yaml"}, folder);
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    ExpectSameFaces(whole, folder);
  }
  const ProgramResult rest = RunProgram({"run", "project.yaml"}, dir / "killed");
  EXPECT_EQ(rest.exit_code, 0) << rest.out << rest.err;
  ExpectSameFaces(whole, dir / "killed");
  ExpectWholeOutput(dir / "killed");
}

TEST(Interruption, WhileAVideoIsConvertedLeavesNoVideoAndKeepsTheModel) {
  TempDir dir;
  DemoProject().Write(dir.path());
  InterruptAt("\"stage\":\"convert\"", SIGINT, dir.path());
  InterruptAt("\"stage\":\"convert\"", SIGKILL, dir.path());
  const ProgramResult result = RunProgram({"run", "project.yaml"}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const json report = ReadReport(dir.path());
  for (const char* stage : {"source", "train"}) {
    for (const json& item : ItemsOf(report, stage)) EXPECT_EQ(item.at("state"), "reused") << item;
  }
  ExpectWholeOutput(dir.path());
}

TEST(Interruption, WhileTrainingGoesOnWhereItStopped) {
  TempDir dir;
  DemoProject project;
  project.iterations = "100000";
  project.Write(dir.path());
  InterruptAt("\"unit\":\"iterations\"", SIGINT, dir.path());
  InterruptAt("\"unit\":\"iterations\"", SIGKILL, dir.path());
  project.iterations = "40";
  project.Write(dir.path());
  const ProgramResult result = RunProgram({"run", "project.yaml"}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  for (const json& item : ItemsOf(ReadReport(dir.path()), "source"))
    EXPECT_EQ(item.at("state"), "reused") << item;
  EXPECT_TRUE(fs::exists(dir / "data/small/output/ava_target_ava_as_ben.mp4"));
}

}  // namespace
}  // namespace reelswap::testing
