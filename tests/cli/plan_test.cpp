// What `check`, `plan` and `convert` say of targets with several people, numbers and numbered pictures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/demo_project.h"
#include "cli/program.h"
#include "core/photo.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

fs::path WriteProject(const TempDir& dir) {
  DemoProject project;
  project.more = "  - target: frames/%03d.png\n    fps: 10\n    swap: {ben: ava, ava: ben}\n    blend: poisson\n"
                 "  - target: missing.mp4\n    swap: {ben: ava}\n";
  for (int i = 1; i <= 25; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%03d.png", i);
    fs::create_directories(dir / "frames");
    WritePhoto(dir / "frames" / name, cv::Mat(48, 64, CV_8UC3, cv::Scalar::all(90)));
  }
  return project.Write(dir.path());
}

TEST(Plan, NumbersTheTargetsAndNamesEveryDirection) {
  const TempDir dir;
  WriteProject(dir);
  const ProgramResult result = RunProgram({"plan", "project.yaml"}, dir.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("  1. ava -> ben "));
  EXPECT_THAT(result.out, HasSubstr("  2. ava -> ben, ben -> ava "));
  EXPECT_THAT(result.out, HasSubstr("frames/%03d.png: 2.5 s, 25 pictures"));
  EXPECT_THAT(result.out, HasSubstr("  3. ben -> ava "));
  EXPECT_THAT(RunProgram({"plan", "project.yaml", "--json"}, dir.path()).out, HasSubstr("\"number\":2"));
}

TEST(Check, PrintsWhatWasSetAndLeavesTheOtherKeysOfALookOut) {
  const TempDir dir;
  WriteProject(dir);
  const ProgramResult result = RunProgram({"check", "project.yaml"}, dir.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("    blend: poisson\n"));
  EXPECT_THAT(result.out, HasSubstr("    fps: 10\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("    color:")));
  EXPECT_THAT(result.out, HasSubstr("missing.mp4 is not there"));
}

TEST(Convert, ANumberThatIsNoTargetShowsThoseThereAre) {
  const TempDir dir;
  WriteProject(dir);
  const ProgramResult result = RunProgram({"convert", "project.yaml", "77", "--sample"}, dir.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("no target of the project matches"));
  EXPECT_THAT(result.err, HasSubstr("\n  2. "));
}

}  // namespace
}  // namespace reelswap::testing
