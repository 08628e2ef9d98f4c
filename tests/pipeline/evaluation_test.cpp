#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/convert.h"
#include "pipeline/evaluate.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;

class StartOfOriginalTest : public ::testing::Test {
 protected:
  StartOfOriginalTest() {
    project_.name = "p";
    project_.base_folder = dir_.path();
    project_.workspace = dir_ / "work";
    for (const char* name : {"talk.mp4", "other.mp4"}) WriteFileAtomically(dir_ / name, "x");
  }

  void AddTarget(const std::string& location, double start) {
    Target target;
    target.location = location;
    target.swap = {{"a", "b"}};
    target.start_seconds = start;
    project_.targets.push_back(target);
  }

  double Start(const std::string& result) {
    NullProgress none;
    const RunContext context{project_, Workspace(project_.workspace), none, {}};
    return StartOfOriginal(context, result, (dir_ / "talk.mp4").string());
  }

  /// Of the target with this number, from 0.
  std::string Output(size_t target) const {
    NullProgress none;
    return PlanConversions({project_, Workspace(project_.workspace), none, {}}).at(target).output.string();
  }

  TempDir dir_;
  Project project_;
};

TEST_F(StartOfOriginalTest, IsThatOfTheTargetWhoseOutputTheResultIs) {
  AddTarget("talk.mp4", 12);
  AddTarget("talk.mp4", 40);
  AddTarget("other.mp4", 99);
  EXPECT_EQ(Start(Output(0)), 12);
  EXPECT_EQ(Start(Output(1)), 40);
  try {
    Start((dir_ / "copy.mp4").string());
    FAIL() << "chose one";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("from 12 s and from 40 s"));
  }
}

TEST_F(StartOfOriginalTest, OfACopyIsTheOnlyOneThereIs) {
  EXPECT_EQ(Start((dir_ / "copy.mp4").string()), 0);
  AddTarget("talk.mp4", 12);
  AddTarget("talk.mp4", 12);
  AddTarget("other.mp4", 99);
  EXPECT_EQ(Start((dir_ / "copy.mp4").string()), 12);
}

TEST(FormatEvaluation, CallsFacesNeverTrainedOnOnlyWhereThatIsKnown) {
  EvaluationReport report;
  report.subject = "small@1";
  report.iterations = 6;
  report.model.score = 0.5;
  report.model.footage.emplace();
  report.model.footage->people.resize(2);
  report.model.footage->people[0].person = "ava";
  report.model.footage->people[1].person = "ben";
  EXPECT_THAT(FormatEvaluation(report), Not(HasSubstr("perhaps")));
  report.perhaps_trained_on = {"ava", "ben"};
  for (const std::string& text : {FormatEvaluation(report), EvaluationAsHtml(report)}) {
    EXPECT_THAT(text, HasSubstr("perhaps of faces it was trained on"));
    EXPECT_THAT(text, HasSubstr("perhaps trained on"));
    EXPECT_THAT(text, Not(HasSubstr("never trained on")));
  }
  EXPECT_THAT(EvaluationAsJson(report, -1), HasSubstr(R"("perhaps_trained_on":["ava","ben"])"));
}

}  // namespace
}  // namespace reelswap
