#include "config/overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/project_text.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MinimalProject;
using testing::ProblemsOf;
using testing::ProjectInFolder;
using ::testing::StartsWith;

const std::string kProject = MinimalProject() + "convert:\n  - target: t.mp4\n    swap: {ava: ben}\n";

TEST(ApplyOverrides, SetsScalarsListsMapsAndMissingMaps) {
  const Project project =
      ProjectInFolder(kProject).Load({"train.batch=16", "train.stop={iterations: 7}", "name=other",
                                      "convert.0.duration=5", "people.ava.sources=[x.mp4, y.mp4]",
                                      "convert.0.encoder.crf=20", "people.ben.consent=file: 12, page #4"});
  EXPECT_EQ(project.train.options.batch, 16);
  EXPECT_EQ(project.train.options.iterations, 7);
  EXPECT_EQ(project.name, "other");
  EXPECT_DOUBLE_EQ(*project.targets[0].duration_seconds, 5);
  EXPECT_EQ(project.people[0].sources.size(), 2u);
  EXPECT_EQ(project.targets[0].encoder.crf, 20);
  EXPECT_EQ(project.people[1].consent, "file: 12, page #4");
}

TEST(ApplyOverrides, TheLastOfTwoSettingsWins) {
  EXPECT_EQ(ProjectInFolder(kProject).Load({"train.batch=16", "train.batch=8"}).train.options.batch, 8);
}

TEST(ApplyOverrides, MayRepairWhatTheFileLacks) {
  EXPECT_EQ(
      ProjectInFolder("people: {a: {sources: [a.mp4]}, b: {consent: \"release 12\", sources: [b.mp4]}}\n")
          .Load({"name=n", "people.a.consent=release 13"})
          .people[0]
          .consent,
      "release 13");
}

TEST(ApplyOverrides, ProblemsShowTheSettingInsteadOfAPlace) {
  EXPECT_THAT(ProblemsOf(kProject, {"train.bacth=4"}),
              ElementsAre("0:0: --set train.bacth=4: unknown key 'bacth'; did you mean 'batch'?"));
  EXPECT_THAT(ProblemsOf(kProject, {"train.batch=many"}),
              ElementsAre("0:0: --set train.batch=many: expected a whole number from 1 to 4096, got 'many'"));
  EXPECT_THAT(
      ProblemsOf(kProject, {"train={stop: {iterations: x}}"}),
      ElementsAre(StartsWith("0:0: --set train={stop: {iterations: x}}: train.stop.iterations: expected")));
  EXPECT_THAT(ProblemsOf(kProject, {"trian.batch=4"}),
              ElementsAre(HasSubstr("unknown key 'trian'; did you mean 'train'?")));
}

TEST(ApplyOverrides, SettingsThatCannotBePlacedAreProblems) {
  for (const auto& [setting, problem] : std::map<std::string, std::string>{
           {"train.batch", "expected KEY.PATH=VALUE"},
           {"=4", "expected KEY.PATH=VALUE"},
           {"train..batch=4", "expected KEY.PATH=VALUE"},
           {"name.x=4", "'name' is 'test', it has no key 'x'"},
           {"convert.1.duration=4",
            "'convert' is a list of 1; expected a number from 0 to 0 after it, got '1'"},
           {"convert.last.duration=4", "got 'last'"},
           {"convert.-1.duration=4", "got '-1'"},
           {"train.stop={iterations: ", "not valid YAML"},
           {"train.batch=", "got nothing"}}) {
    EXPECT_THAT(ProblemsOf(kProject, {setting}), ElementsAre(HasSubstr("--set " + setting + ": ")))
        << setting;
    EXPECT_THAT(ProblemsOf(kProject, {setting}), ElementsAre(HasSubstr(problem))) << setting;
  }
}

TEST(ApplyOverrides, AnEmptySettingIsShownAsSuch) {
  EXPECT_THAT(ProblemsOf(kProject, {""}), ElementsAre(StartsWith("0:0: --set '': expected KEY.PATH=VALUE")));
}

TEST(ApplyOverrides, ComeAfterTheFilesProblems) {
  const auto problems = ProblemsOf(kProject + "extra: 1\n", {"train.batch=0"});
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0], StartsWith("12:1:"));
  EXPECT_THAT(problems[1], StartsWith("0:0: --set"));
}

TEST(ApplyOverrides, TheErrorTextHasNoFileInFrontOfASetting) {
  try {
    ProjectInFolder(kProject).Load({"train.batch=0"});
    FAIL() << "loaded";
  } catch (const ProjectError& error) {
    EXPECT_THAT(error.what(), StartsWith("--set train.batch=0: "));
  }
}

}  // namespace
}  // namespace reelswap
