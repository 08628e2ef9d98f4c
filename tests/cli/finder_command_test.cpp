// The finder through the program. How fast anything is decides no test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/demo_project.h"
#include "cli/program.h"
#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

using ::testing::HasSubstr;
using nlohmann::json;

TEST(FinderCommand, MeasuresAndKeepsWhatItFound) {
  TempDir dir;
  DemoProject project;
  project.more = "workspace: work\n";
  project.Write(dir.path());
  const ProgramResult result =
      RunProgram({"train", "project.yaml", "--finder", "--finder-seconds", "0.5"}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* words : {"images/s", "of ceiling", "threads:", "batch:"}) {
    EXPECT_THAT(result.out, HasSubstr(words));
  }
  const json found = json::parse(ReadFile(dir / "work/finder.json"));
  EXPECT_EQ(found.at("architecture"), "light");
  EXPECT_EQ(found.at("usual_batch"), 4);
  EXPECT_GT(found.at("ceiling_gflops"), 0);
  ASSERT_GE(found.at("points").size(), 1u);
  EXPECT_GT(found.at("points").at(0).at("images_per_second"), 0);
  EXPECT_FALSE(std::filesystem::exists(dir / "work/model"));  // it does not train
}

TEST(FinderCommand, TakesItsTimeOnlyWithTheFinder) {
  TempDir dir;
  DemoProject().Write(dir.path());
  EXPECT_EQ(RunProgram({"train", "project.yaml", "--finder-seconds", "5"}, dir.path()).exit_code, 2);
  EXPECT_EQ(RunProgram({"train", "project.yaml", "--finder", "--finder-seconds", "0"}, dir.path()).exit_code, 2);
  EXPECT_EQ(RunProgram({"run", "project.yaml", "--finder"}, dir.path()).exit_code, 2);
}

TEST(FinderCommand, FastestIsABatchAProjectMaySay) {
  TempDir dir;
  DemoProject project;
  project.batch = "fastest";
  project.Write(dir.path());
  const ProgramResult result = RunProgram({"check", "project.yaml"}, dir.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("batch: fastest"));
  project.batch = "quickest";
  project.Write(dir.path());
  EXPECT_THAT(RunProgram({"check", "project.yaml"}, dir.path()).err, HasSubstr("train.batch"));
}

}  // namespace
}  // namespace reelswap::testing
