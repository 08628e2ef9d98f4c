#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/face_set.h"
#include "core/files.h"
#include "core/photo.h"
#include "pipeline/report.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using reelswap::testing::TempDir;

CropGeometry SmallCrops() {
  CropGeometry geometry;
  geometry.size = 64;
  return geometry;
}

void AddFace(FaceSet& faces, int64_t frame, const cv::Scalar& colour, const std::string& rejected) {
  AlignedFace face;
  face.image = cv::Mat(64, 64, CV_8UC3, colour);
  face.frame_index = frame;
  FaceRecord record;
  record.source = "source";
  record.frame_index = frame;
  record.rejected = rejected;
  faces.Add(face, record);
}

cv::Vec3b CentreOfTile(const cv::Mat& sheet, int column, int row) {
  return sheet.at<cv::Vec3b>(row * 128 + 50, column * 128 + 64);
}

double ColourDistance(const cv::Vec3b& a, const cv::Scalar& b) {
  return cv::norm(cv::Vec3d(a[0], a[1], a[2]) - cv::Vec3d(b[0], b[1], b[2]));
}

const cv::Scalar kRed(30, 30, 220), kGreen(30, 200, 30), kBlue(220, 60, 30);
// Two JPEG encodings at quality 95 move a plain 8-bit colour by a few steps; the colours are > 200 apart.
constexpr double kColourTolerance = 20;

TEST(WriteContactSheets, ShowsKeptAndRejectedFacesApart) {
  const TempDir dir;
  FaceSet faces(dir / "faces", SmallCrops());
  AddFace(faces, 0, kGreen, "");
  AddFace(faces, 1, kRed, "blurred");
  AddFace(faces, 2, kBlue, "too_small");
  faces.FinishSource("source", "key", {});

  const auto sheets = WriteContactSheets(faces, dir / "sheets", "host");
  ASSERT_EQ(sheets.size(), 2u);
  EXPECT_EQ(sheets[0], dir / "sheets/host_kept.jpg");
  EXPECT_EQ(sheets[1], dir / "sheets/host_rejected.jpg");
  const cv::Mat kept = ReadPhoto(sheets[0]);
  const cv::Mat rejected = ReadPhoto(sheets[1]);
  EXPECT_LT(ColourDistance(CentreOfTile(kept, 0, 0), kGreen), kColourTolerance);
  EXPECT_LT(ColourDistance(CentreOfTile(rejected, 0, 0), kRed), kColourTolerance);
  EXPECT_LT(ColourDistance(CentreOfTile(rejected, 1, 0), kBlue), kColourTolerance);
}

TEST(WriteContactSheets, WritesTheReasonUnderARejectedFace) {
  const TempDir dir;
  FaceSet faces(dir / "faces", SmallCrops());
  AddFace(faces, 0, kBlue, "blurred");
  faces.FinishSource("source", "key", {});
  const cv::Mat sheet = ReadPhoto(WriteContactSheets(faces, dir.path(), "host").at(0));
  const cv::Mat strip = sheet(cv::Rect(4, 109, 120, 18));
  double darkest = 0, brightest = 0;
  cv::minMaxLoc(strip.reshape(1), &darkest, &brightest);
  EXPECT_GT(brightest - darkest, 120) << "grey levels between the letters and the strip";
}

TEST(WriteContactSheets, WritesNothingForAnEmptySet) {
  const TempDir dir;
  const FaceSet faces(dir / "faces", SmallCrops());
  EXPECT_TRUE(WriteContactSheets(faces, dir / "sheets", "host").empty());
  EXPECT_FALSE(std::filesystem::exists(dir / "sheets"));
}

TEST(WriteContactSheets, SpreadsOverTimeAndGivesRareReasonsTheirPlace) {
  const TempDir dir;
  FaceSet faces(dir / "faces", SmallCrops());
  for (int i = 0; i < 90; ++i) AddFace(faces, i, i < 45 ? kGreen : kBlue, "");
  for (int i = 90; i < 180; ++i) AddFace(faces, i, kBlue, "blurred");
  AddFace(faces, 180, kRed, "zero_contrast");
  faces.FinishSource("source", "key", {});
  const auto sheets = WriteContactSheets(faces, dir.path(), "host");
  ASSERT_EQ(sheets.size(), 2u);
  const cv::Mat kept = ReadPhoto(sheets[0]);
  EXPECT_LT(ColourDistance(CentreOfTile(kept, 9, 2), kGreen), kColourTolerance) << "30th of 60: first half";
  EXPECT_LT(ColourDistance(CentreOfTile(kept, 0, 3), kBlue), kColourTolerance) << "31st of 60: second half";
  const cv::Mat rejected = ReadPhoto(sheets[1]);
  EXPECT_LT(ColourDistance(CentreOfTile(rejected, 9, 5), kRed), kColourTolerance)
      << "the one of its kind comes last";
}

TEST(WriteContactSheets, MakesTheSameBytesEveryTime) {
  const TempDir dir;
  FaceSet faces(dir / "faces", SmallCrops());
  for (int i = 0; i < 20; ++i) AddFace(faces, i, cv::Scalar(i * 10, 100, 50), i % 3 == 0 ? "blurred" : "");
  faces.FinishSource("source", "key", {});
  const auto first = WriteContactSheets(faces, dir / "a", "host");
  const auto second = WriteContactSheets(faces, dir / "b", "host");
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(ReadFile(first[i]), ReadFile(second[i]));
}

TEST(WriteContactSheets, KeepsADamagedPictureFromCostingTheSheet) {
  const TempDir dir;
  FaceSet faces(dir / "faces", SmallCrops());
  AddFace(faces, 0, kGreen, "");
  AddFace(faces, 1, kGreen, "");
  faces.FinishSource("source", "key", {});
  std::ofstream(faces.KeptImages().at(0), std::ios::trunc) << "not a picture";
  const auto sheets = WriteContactSheets(faces, dir.path(), "../ho/st");
  ASSERT_EQ(sheets.size(), 1u);
  EXPECT_EQ(sheets[0].parent_path(), dir.path()) << "a person's name never leads out of the folder";
  const cv::Mat sheet = ReadPhoto(sheets[0]);
  EXPECT_GT(ColourDistance(CentreOfTile(sheet, 0, 0), kGreen), 100);
  EXPECT_LT(ColourDistance(CentreOfTile(sheet, 1, 0), kGreen), kColourTolerance);
}

}  // namespace
}  // namespace reelswap
