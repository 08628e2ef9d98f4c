// From a project's words to the files and names a run works on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/convert.h"
#include "pipeline/doctor.h"
#include "pipeline/media_store.h"
#include "pipeline/source_tasks.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

Project ProjectIn(const fs::path& folder) {
  Project project;
  project.name = "p";
  project.base_folder = folder;
  project.workspace = folder / "work";
  project.people = {{"a", "consent of a", {}}, {"b", "consent of b", {}}};
  return project;
}

Source Files(const std::string& location) {
  Source source;
  source.location = location;
  return source;
}

TEST(SourceTasks, GlobsBecomeFilesInOrderWithTheProjectsSampling) {
  testing::TempDir dir;
  for (const char* name : {"c2.mp4", "c1.mp4", "other.txt"}) WriteFileAtomically(dir / name, "x");
  Project project = ProjectIn(dir.path());
  project.sample.every = 9;
  project.people[0].sources = {Files("c*.mp4")};
  Source quick = Files("c1.mp4");
  quick.fps = 2;
  project.people[1].sources = {quick};
  const auto tasks = ExpandSources(project);
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_EQ(tasks[0].name, "c1.mp4");
  EXPECT_EQ(tasks[1].name, "c2.mp4");
  EXPECT_EQ(tasks[0].every, 9);
  EXPECT_EQ(tasks[2].every, 1);
  EXPECT_EQ(tasks[2].fps, 2);
}

TEST(SourceTasks, TheSameFileTwiceIsOneSourceButAnotherRangeIsAnother) {
  testing::TempDir dir;
  WriteFileAtomically(dir / "c.mp4", "x");
  Project project = ProjectIn(dir.path());
  Source later = Files("c.mp4");
  later.start_seconds = 10;
  project.people[0].sources = {Files("c.mp4"), Files("./c.mp4"), later};
  const auto tasks = ExpandSources(project);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_NE(tasks[0].id, tasks[1].id);
}

TEST(SourceTasks, AFileThatAnyEntryHoldsOutIsHeldOutWhateverNamesItFirst) {
  testing::TempDir dir;
  for (const char* name : {"c1.mp4", "c2.mp4"}) WriteFileAtomically(dir / name, "x");
  Project project = ProjectIn(dir.path());
  Source judge = Files("c2.mp4"), part = Files("c2.mp4");
  judge.hold_out = true;
  part.start_seconds = 10;
  project.people[0].sources = {Files("c*.mp4"), judge, part};
  project.people[1].sources = {Files("c2.mp4")};
  const auto tasks = ExpandSources(project);
  ASSERT_EQ(tasks.size(), 4u);
  EXPECT_FALSE(tasks[0].hold_out);
  EXPECT_TRUE(tasks[1].hold_out);
  EXPECT_FALSE(tasks[3].hold_out);  // another person's
  EXPECT_EQ(tasks[1].clip, tasks[2].clip);
  EXPECT_NE(tasks[0].clip, tasks[1].clip);
}

TEST(SourceTasks, AProblemBelongsToItsSourceAlone) {
  testing::TempDir dir;
  fs::create_directory(dir / "folder");
  WriteFileAtomically(dir / "good.mp4", "x");
  Project project = ProjectIn(dir.path());
  project.people[0].sources = {Files("nothing*.mp4"), Files("folder"), Files("good.mp4")};
  const auto tasks = ExpandSources(project);
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_NE(tasks[0].error, "");
  EXPECT_NE(tasks[1].error.find("photos"), std::string::npos) << tasks[1].error;
  EXPECT_EQ(tasks[2].error, "");
}

Target TargetOf(const std::string& location) {
  Target target;
  target.location = location;
  target.swap = {{"a", "b"}};
  return target;
}

TEST(Conversions, OutputNamesAreSafeAndNeverCollide) {
  testing::TempDir dir;
  fs::create_directory(dir / "x");
  const std::string odd = "\xF0\x9F\x98\x80 $(rm -rf) 'quo\"te'.mp4";
  for (const std::string name : {"clip.mp4", "x/clip.mp4"}) WriteFileAtomically(dir.path() / name, "x");
  WriteFileAtomically(dir.path() / odd, "x");
  Project project = ProjectIn(dir.path());
  project.targets = {TargetOf("clip.mp4"), TargetOf("x/clip.mp4"), TargetOf(odd),
                     TargetOf("https://example.org/watch?v=../../etc/passwd")};
  NullProgress none;
  const RunContext context{project, Workspace(project.workspace), none, {}};
  const auto jobs = PlanConversions(context);
  ASSERT_EQ(jobs.size(), 4u);
  std::set<fs::path> outputs;
  for (const ConvertJob& job : jobs) {
    EXPECT_TRUE(outputs.insert(job.output).second) << job.output;
    EXPECT_EQ(job.output.parent_path(), project.workspace / "output");
    const std::string name = job.output.filename().string();
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."),
              std::string::npos)
        << name;
  }
  EXPECT_THAT(jobs[0].output.filename().string(), ::testing::MatchesRegex("clip_a_as_b_[0-9a-f]+\\.mp4"));
  // A name stands for its target, wherever that lies in the project.
  std::swap(project.targets[0], project.targets[1]);
  const auto swapped = PlanConversions(context);
  EXPECT_EQ(swapped[1].output, jobs[0].output);
  EXPECT_EQ(swapped[0].output, jobs[1].output);
  project.targets.erase(project.targets.begin());
  EXPECT_EQ(PlanConversions(context)[0].output.filename(), "clip_a_as_b.mp4");  // nothing to be told apart from
}

TEST(Conversions, APictureByUrlGoesIntoAFolder) {
  testing::TempDir dir;
  Project project = ProjectIn(dir.path());
  project.targets = {TargetOf("https://example.org/p.jpg?size=large")};
  NullProgress none;
  const RunContext context{project, Workspace(project.workspace), none, {}};
  const auto jobs = PlanConversions(context);
  EXPECT_TRUE(jobs.at(0).photos);
  EXPECT_EQ(jobs.at(0).output.extension(), "");
}

TEST(MediaStore, NamesHostsAndFilesForPeople) {
  EXPECT_EQ(HostOf("https://User:pw@Example.ORG:8080/a?b#c"), "example.org");
  EXPECT_EQ(HostOf("http://[::1]:99/x"), "[::1]");
  EXPECT_EQ(HostOf("clips/a.mp4"), "");
  EXPECT_EQ(ShortName("https://example.org/videos/talk.mp4?token=hush&x=1").find("hush"), std::string::npos);
  EXPECT_EQ(ShownLocation("https://me:hush@example.org/a.mp4").find("hush"), std::string::npos);
  EXPECT_EQ(ShownLocation("/home/me/clip.mkv"), "/home/me/clip.mkv");
  EXPECT_EQ(ShortName("https://youtube.com/watch?v=abc"), "youtube.com/watch?v=abc");
  EXPECT_EQ(ShortName("/home/me/clip.mkv"), "clip.mkv");
}

TEST(Workspace, IsHeldByOneProcessAtATime) {
  testing::TempDir dir;
  const Workspace workspace(dir.path());
  {
    const WorkspaceLock lock(workspace);
    EXPECT_THROW(WorkspaceLock{workspace}, Error);
  }
  EXPECT_NO_THROW(WorkspaceLock{workspace});
}

TEST(Workspace, LeftoversOfAKilledRunGoButResultsAndDownloadsStay) {
  testing::TempDir dir;
  const Workspace workspace(dir.path());
  const fs::path leftover = TemporaryPathFor(workspace.Output() / "clip.mp4");
  const fs::path download = workspace.SourceFolder("abc") / "media.mp4.part";
  for (const fs::path& file : {leftover, download, workspace.Output() / "clip.mp4", workspace.Model() / "loss.png"}) {
    WriteFileAtomically(file, "x");
  }
  RemoveLeftovers(workspace);
  EXPECT_FALSE(fs::exists(leftover));
  EXPECT_TRUE(fs::exists(download));
  EXPECT_TRUE(fs::exists(workspace.Output() / "clip.mp4"));
  EXPECT_TRUE(fs::exists(workspace.Model() / "loss.png"));
}

TEST(Workspace, SafeNamesAreNeverEmptyNorLong) {
  EXPECT_EQ(SafeName("../../etc"), "etc");
  EXPECT_EQ(SafeName(""), "unnamed");
  EXPECT_EQ(SafeName("a b/c"), "a_b_c");
  EXPECT_EQ(SafeName(std::string(300, 'x')).size(), 40u);
}

TEST(Doctor, KnowsTheAgeOfADate) {
  EXPECT_GT(AgeInDays("2023.03.04"), 900);
  EXPECT_EQ(AgeInDays("nightly"), -1);
  EXPECT_EQ(AgeInDays("2023.13.40"), -1);
}

}  // namespace
}  // namespace reelswap
