#include "core/face_set.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
const CropGeometry kGeometry{64, 1.6f, 0.0f};

AlignedFace MakeFace(int shade) {
  AlignedFace face;
  face.image = cv::Mat(64, 64, CV_8UC3, cv::Scalar(shade, 100, 50));
  return face;
}

FaceRecord MakeRecord(const std::string& source, int64_t frame, const std::string& rejected = "") {
  FaceRecord record;
  record.source = source;
  record.frame_index = frame;
  record.seconds = static_cast<double>(frame) / 30;
  record.face.landmarks[5] = {12.25f, -3.5f};
  record.face_from_frame = {1, 2, 3, 4, 5, 6};
  record.pose = {10, -5, 2};
  record.sharpness = 42;
  record.rejected = rejected;
  return record;
}

TEST(FaceSet, RowsComeBackInOrderWhateverTheOrderOfWriting) {
  testing::TempDir dir;
  {
    FaceSet set(dir.path(), kGeometry);
    for (int64_t frame : {30, 0, 12}) set.Add(MakeFace(1), MakeRecord("b", frame));
    set.Add(MakeFace(2), MakeRecord("a", 6, "blurred"));
    set.FinishSource("b", "key_b", {40, 4, 3, 3, {}, ""});
    set.FinishSource("a", "key_a", {10, 2, 1, 0, {{"blurred", 1}}, "short"});
  }
  FaceSet set(dir.path(), kGeometry);
  const auto records = set.Records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].source, "a");
  EXPECT_EQ(records[1].frame_index, 0);
  EXPECT_EQ(records[3].frame_index, 30);
  EXPECT_FLOAT_EQ(records[3].face.landmarks[5].y, -3.5f);
  EXPECT_FLOAT_EQ(records[3].face_from_frame(1, 2), 6);
  EXPECT_EQ(set.KeptImages().size(), 3u);
  EXPECT_EQ(set.Tallies().at("a").rejected.at("blurred"), 1);
  EXPECT_EQ(set.FinishedKey("b"), "key_b");
}

TEST(FaceSet, AnInterruptedSourceIsForgottenWithItsImages) {
  testing::TempDir dir;
  {
    FaceSet set(dir.path(), kGeometry);
    set.Add(MakeFace(1), MakeRecord("done", 1));
    set.FinishSource("done", "key", {});
    set.Add(MakeFace(1), MakeRecord("half", 1));
    set.Add(MakeFace(1), MakeRecord("half", 2));
  }
  std::ofstream(dir / "faces.jsonl", std::ios::app) << R"({"row":"face","source":"ha)";  // torn by a kill
  FaceSet set(dir.path(), kGeometry);
  EXPECT_EQ(set.Records().size(), 1u);
  EXPECT_EQ(set.FinishedKey("half"), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir / "images"), fs::directory_iterator{}), 1);
}

TEST(FaceSet, PendingFacesCanStillBeRejected) {
  testing::TempDir dir;
  FaceSet set(dir.path(), kGeometry);
  for (int64_t frame : {9, 3, 6}) set.Add(MakeFace(1), MakeRecord("s", frame));
  EXPECT_TRUE(set.Records().empty());
  ASSERT_EQ(set.Pending("s").size(), 3u);
  EXPECT_EQ(set.Pending("s")[0].frame_index, 3);
  set.RejectPending("s", {{6, 0}}, "over_limit");
  set.FinishSource("s", "key", {});
  EXPECT_TRUE(set.Pending("s").empty());
  EXPECT_EQ(set.KeptImages().size(), 2u);
  EXPECT_EQ(FaceSet(dir.path(), kGeometry).Records()[1].rejected, "over_limit");
}

TEST(FaceSet, AChangedCropGeometryStartsAnew) {
  testing::TempDir dir;
  {
    FaceSet set(dir.path(), kGeometry);
    set.Add(MakeFace(1), MakeRecord("s", 1));
    set.FinishSource("s", "key", {});
  }
  FaceSet set(dir.path(), CropGeometry{64, 1.8f, 0.1f});
  EXPECT_TRUE(set.Records().empty());
}

TEST(FaceSet, AForeignIndexIsNotTouched) {
  testing::TempDir dir;
  WriteFileAtomically(dir / "faces.jsonl", "{\"format\":\"somebody else's\"}\n");
  EXPECT_THROW(FaceSet(dir.path(), kGeometry), Error);
  EXPECT_EQ(ReadFile(dir / "faces.jsonl"), "{\"format\":\"somebody else's\"}\n");
}

TEST(FaceSet, RemovingASourceLeavesTheOthers) {
  testing::TempDir dir;
  FaceSet set(dir.path(), kGeometry);
  for (const char* source : {"a", "b"}) {
    set.Add(MakeFace(1), MakeRecord(source, 1));
    set.FinishSource(source, "key", {});
  }
  set.KeepOnly({"b"});
  ASSERT_EQ(set.Records().size(), 1u);
  EXPECT_EQ(set.Records()[0].source, "b");
  set.Add(MakeFace(1), MakeRecord("c", 1));  // still appendable after the rewrite
  set.FinishSource("c", "key", {});
  EXPECT_EQ(FaceSet(dir.path(), kGeometry).Records().size(), 2u);
}

TEST(FaceSet, RemovingASourceWhileAnotherIsWorkedOnWritesNoRowTwice) {
  testing::TempDir dir;
  {
    FaceSet set(dir.path(), kGeometry);
    set.Add(MakeFace(1), MakeRecord("old", 1));
    set.FinishSource("old", "key", {});
    set.Add(MakeFace(1), MakeRecord("busy", 1));
    set.RemoveSource("old");  // its key changed: another thread begins it anew
    set.Add(MakeFace(1), MakeRecord("busy", 2));
    set.FinishSource("busy", "key", {});
  }
  EXPECT_EQ(FaceSet(dir.path(), kGeometry).Records().size(), 2u);
}

TEST(FaceSet, AFinishedSourceCanBeSortedAnewWithoutItsVideo) {
  testing::TempDir dir;
  {
    FaceSet set(dir.path(), kGeometry);
    for (int64_t frame : {1, 2, 3}) set.Add(MakeFace(1), MakeRecord("s", frame));
    set.FinishSource("s", "old", {});
    auto records = set.Records();
    records[1].rejected = "turned_away";
    set.Refilter("s", records, "new", {9, 3, 3, 2, {{"turned_away", 1}}, ""});
  }
  const FaceSet set(dir.path(), kGeometry);
  EXPECT_EQ(set.FinishedKey("s"), "new");
  EXPECT_EQ(set.KeptImages().size(), 2u);
  EXPECT_EQ(set.Records()[1].rejected, "turned_away");
}

TEST(FaceSet, ThreadsMayAddTogether) {
  testing::TempDir dir;
  {
    FaceSet set(dir.path(), kGeometry);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&set, t] {
        const std::string source = "s" + std::to_string(t);
        for (int i = 0; i < 25; ++i) set.Add(MakeFace(t), MakeRecord(source, i));
        set.FinishSource(source, "key", {});
      });
    }
  }
  EXPECT_EQ(FaceSet(dir.path(), kGeometry).Records().size(), 100u);
}

}  // namespace
}  // namespace reelswap
