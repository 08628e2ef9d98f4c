#include "pipeline/usable_faces.h"

#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/source_tasks.h"
#include "pipeline/workspace.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::TempDir;

/// A project of two people; ava has two clips, of which each gave `faces` faces.
class UsableFacesTest : public ::testing::Test {
 protected:
  UsableFacesTest() : set_(folder_ / "faces", kStoredCrop) {
    for (const char* name : {"a1.mp4", "a2.mp4", "b.mp4"}) std::ofstream(folder_ / name) << name;
  }

  Project Load(const std::string& second_source, const std::string& more = "") const {
    const auto file = folder_ / "project.yaml";
    std::ofstream(file) << "name: test\npeople:\n  ava:\n    consent: \"signed release 1\"\n    sources:\n"
                        << "      - a1.mp4\n      - " << second_source
                        << "\n  ben: {consent: \"signed release 2\", sources: [b.mp4]}\n" << more;
    return LoadProject(file);
  }

  void AddFaces(const Project& project, int faces) {
    for (const SourceTask& task : ExpandSources(project)) {
      if (task.person != "ava") continue;
      for (int i = 0; i < faces; ++i) AddFace(task.id, i);
      set_.FinishSource(task.id, "key of " + task.id, {});
    }
  }

  void AddFace(const std::string& source, int i) {
    AlignedFace face;
    face.image = cv::Mat(kStoredCrop.size, kStoredCrop.size, CV_8UC3, cv::Scalar::all(100 + i));
    FaceRecord record;
    record.source = source;
    record.frame_index = i;
    record.seconds = i / 25.0;
    record.face.box = {100, 50, 60, 80};
    for (cv::Point2f& p : record.face.landmarks) p = {110, 60};
    record.face_from_frame = {2, 0, -150, 0, 2, -40};  // twice as large, moved
    record.pose.yaw = static_cast<float>(i);
    record.rejected = i == 0 ? "blurred" : "";
    set_.Add(face, record);
  }

  TempDir folder_;
  FaceSet set_;
};

TEST_F(UsableFacesTest, TheTrainingGetsPosesAndLandmarksInItsOwnPixels) {
  const Project project = Load("a2.mp4");
  AddFaces(project, 5);
  const UsableFaces usable = FindUsableFaces(project, "ava", set_);
  EXPECT_EQ(usable.training.person, "ava");
  ASSERT_EQ(usable.training.images.size(), 8u);  // of each clip's five the first was rejected
  ASSERT_EQ(usable.training.poses.size(), 8u);
  ASSERT_EQ(usable.training.landmarks.size(), 8u);
  EXPECT_FLOAT_EQ(usable.training.poses[0].yaw, 1);
  EXPECT_FLOAT_EQ(usable.training.landmarks[0][30].x, 2 * 110 - 150);
  EXPECT_FLOAT_EQ(usable.training.landmarks[0][30].y, 2 * 60 - 40);
  EXPECT_TRUE(usable.held_out.empty());
  EXPECT_EQ(usable.kept, 8);
}

TEST_F(UsableFacesTest, AMarkedSourceJudgesAndNeverTrains) {
  const Project project = Load("{file: a2.mp4, hold_out: true}");
  AddFaces(project, 5);
  const UsableFaces usable = FindUsableFaces(project, "ava", set_);
  EXPECT_EQ(usable.training.images.size(), 4u);
  ASSERT_EQ(usable.held_out.size(), 4u);
  EXPECT_EQ(usable.kept, 8);
  EXPECT_FALSE(usable.same_clip);
  for (const HeldOutFace& face : usable.held_out) {
    EXPECT_EQ(std::count(usable.training.images.begin(), usable.training.images.end(), face.image), 0);
    EXPECT_EQ(face.box, cv::Rect2f(2 * 100 - 150, 2 * 50 - 40, 120, 160));
  }
}

TEST_F(UsableFacesTest, HoldingOutIsAnotherTrainingAndOtherwiseTheKeyStays) {
  const Project plain = Load("a2.mp4");
  AddFaces(plain, 5);
  const std::string key = FindUsableFaces(plain, "ava", set_).key;
  EXPECT_NE(FindUsableFaces(Load("{file: a2.mp4, hold_out: true}"), "ava", set_).key, key);
  EXPECT_EQ(FindUsableFaces(Load("a2.mp4", "train: {seed: 7}\n"), "ava", set_).key, key);
  // Too few faces to hold some out: switching it off changes nothing.
  EXPECT_EQ(FindUsableFaces(Load("a2.mp4", "evaluate: {hold_out: off}\n"), "ava", set_).key, key);
}

TEST_F(UsableFacesTest, AClipThatOnlyJudgesChangesTheScoresAndNotTheTraining) {
  std::ofstream(folder_ / "a3.mp4") << "a3";
  const std::string judge = "{file: a2.mp4, hold_out: true}";
  const Project one = Load(judge), two = Load(judge + "\n      - {file: a3.mp4, hold_out: true}");
  AddFaces(one, 5);
  const UsableFaces before = FindUsableFaces(one, "ava", set_);
  const SourceTask added = ExpandSources(two).at(2);
  for (int i = 0; i < 4; ++i) AddFace(added.id, i);
  set_.FinishSource(added.id, "key of " + added.id, {});
  const UsableFaces after = FindUsableFaces(two, "ava", set_);
  EXPECT_EQ(after.held_out.size(), before.held_out.size() + 3);
  EXPECT_EQ(after.key, before.key);
  EXPECT_EQ(after.training_faces, before.training_faces);
  const auto score_key = [](const Project& project, const UsableFaces& faces, bool weights) {
    return ScoreKey(project.evaluate, {{"ava", faces}}, weights);
  };
  const std::string key = score_key(one, before, false);
  EXPECT_EQ(score_key(one, before, false), key);
  EXPECT_NE(score_key(two, after, false), key);
  EXPECT_NE(score_key(one, before, true), key);
  EXPECT_NE(score_key(Load(judge, "evaluate: {frames: 9}\n"), before, false), key);
  EXPECT_NE(score_key(Load(judge, "evaluate: {actors: {ava: ava, ben: ben}}\n"), before, false), key);
  EXPECT_EQ(score_key(Load(judge, "evaluate: {identity: off}\n"), before, true), key);
}

TEST_F(UsableFacesTest, WhatAHeldOutRangeOfTheSameFileShowsTrainsNothing) {
  // a1.mp4 trains as a whole and judges from 4 s to 5 s.
  const Project project = Load("{file: a1.mp4, start: 4, end: 5, hold_out: true}");
  const auto tasks = ExpandSources(project);
  for (int i = 0; i < 250; ++i) AddFace(tasks.at(0).id, i);  // 10 s at 25 frames/s
  for (int i = 100; i < 125; ++i) AddFace(tasks.at(1).id, i);
  for (const SourceTask& task : {tasks[0], tasks[1]}) set_.FinishSource(task.id, "key of " + task.id, {});
  const UsableFaces usable = FindUsableFaces(project, "ava", set_);
  EXPECT_EQ(usable.held_out.size(), 25u);
  EXPECT_EQ(usable.kept, 249 + 25);
  // 1 to 50 and 175 to 249: neither the second itself nor two seconds on either side.
  EXPECT_EQ(usable.training.images.size(), 50u + 75u);
  EXPECT_NE(usable.key, FindUsableFaces(Load("{file: a2.mp4, hold_out: true}"), "ava", set_).key);
}

TEST_F(UsableFacesTest, AutoHoldsOutOnlyWhatABatchCanSpare) {
  const Project many = Load("a2.mp4", "train: {batch: 8}\n");
  AddFaces(many, 151);
  const UsableFaces usable = FindUsableFaces(many, "ava", set_);
  EXPECT_TRUE(usable.same_clip);  // either clip would be half of the faces
  EXPECT_GE(usable.held_out.size(), 8u);
  EXPECT_LT(usable.training.images.size() + usable.held_out.size(), 300u);  // the gap is used for nothing
  EXPECT_TRUE(FindUsableFaces(Load("a2.mp4", "train: {batch: 295}\n"), "ava", set_).held_out.empty());
  EXPECT_TRUE(FindUsableFaces(Load("a2.mp4", "evaluate: {hold_out: off}\n"), "ava", set_).held_out.empty());
}

}  // namespace
}  // namespace reelswap
