// Pictures in, pictures out.
#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/core.hpp>
#include <sstream>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "core/photo.h"
#include "face/face_embedder.h"
#include "testing/drawn_faces.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Largest difference of two pictures in any colour, in a region.
double LargestDifference(const cv::Mat& a, const cv::Mat& b, const cv::Rect& region) {
  return cv::norm(a(region), b(region), cv::NORM_INF);
}

TEST(Photos, AnAlbumOfEveryKindOfPicture) {
  TempDir dir;
  const fs::path album = dir / "album";
  fs::create_directory(album);
  const std::vector<Frame> clip = ReadFrames(DemoMedia() / "ava_target.mp4");
  WritePlainPicture(album / "a.jpg", clip.at(0).Bgr());
  WritePlainPicture(album / "a.png", clip.at(50).Bgr());  // another picture, the same stem
  WritePlainPicture(album / "last one.png", clip.at(100).Bgr());
  const FrameFormat wall = TestVideo::Format(320, 240);
  WritePlainPicture(album / "wall.png", TestFrame(wall, 3, 0).Bgr());
  const std::string whole = ReadFile(album / "a.jpg");
  std::ofstream(album / "torn.jpg", std::ios::binary) << whole.substr(0, 300);

  DemoProject project;
  project.target = album.string();
  const fs::path file = project.Write(dir.path());
  const ProgramResult result = RunProgram({"run", file.string()}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const fs::path output = dir / "data/small/output/album_ava_as_ben";
  const fs::path pairs = dir / "data/small/output/album_ava_as_ben_side_by_side";
  EXPECT_EQ(FilesBelow(output),
            (std::vector<std::string>{"a.png", "a.png.json", "a_2.png", "a_2.png.json", "conversion.json",
                                      "last_one.png", "last_one.png.json", "wall.png"}));

  // The label is at the bottom left, the face in the middle: this corner is nobody's.
  const cv::Rect corner(560, 0, 80, 80), face(240, 160, 160, 160);
  const std::pair<const char*, const char*> kMade[] = {
      {"a.png", "a.jpg"}, {"a_2.png", "a.png"}, {"last_one.png", "last one.png"}};
  for (const auto& [name, source] : kMade) {
    const cv::Mat was = ReadPhoto(album / source), is = ReadPhoto(output / name);
    ASSERT_EQ(is.size(), was.size());
    EXPECT_EQ(LargestDifference(was, is, corner), 0) << name << " is not made from " << source;
    EXPECT_GT(LargestDifference(was, is, face), 30) << name;
    EXPECT_EQ(RunProgram({"verify", (output / name).string()}, dir.path()).exit_code, 0) << name;
    EXPECT_EQ(ReadPhoto(pairs / name).cols, 2 * was.cols) << name;
  }
  // Nothing synthetic is in the picture without a face, and nothing says so.
  const cv::Mat wall_was = ReadPhoto(album / "wall.png"), wall_is = ReadPhoto(output / "wall.png");
  ASSERT_EQ(wall_is.size(), wall_was.size());
  EXPECT_EQ(LargestDifference(wall_was, wall_is, {cv::Point(), wall_was.size()}), 0);
  EXPECT_EQ(RunProgram({"verify", (output / "wall.png").string()}, dir.path()).exit_code, 1);

  const std::string warning = ItemsOf(ReadReport(dir.path()), "target").at(0).at("warning");
  for (const char* name : {"wall.png", "torn.jpg"})
    EXPECT_NE(warning.find(name), std::string::npos) << warning;

  // A second run finds all of it done, the damaged and the faceless one included.
  const auto made = fs::last_write_time(output / "a_2.png"),
             passed = fs::last_write_time(output / "wall.png");
  ASSERT_EQ(RunProgram({"run", file.string()}, dir.path()).exit_code, 0);
  const json item = ItemsOf(ReadReport(dir.path()), "target").at(0);
  EXPECT_EQ(item.at("state"), "reused") << item;
  EXPECT_EQ(fs::last_write_time(output / "a_2.png"), made);
  EXPECT_EQ(fs::last_write_time(output / "wall.png"), passed);
}

/// A trained project whose pictures every test converts in its own way.
class TrainedForPhotos : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    trained_ = new TempDir();
    DemoProject project;
    project.every = "4";  // 75 pictures of each clip: enough poses to say what the training saw
    project.Write(trained_->path());
    for (const char* step : {"preprocess", "train"}) {
      ASSERT_EQ(RunProgram({step, "project.yaml", "--quiet"}, trained_->path()).exit_code, 0) << step;
    }
    clip_ = new std::vector<Frame>(ReadFrames(DemoMedia() / "ava_target.mp4"));
  }
  static void TearDownTestSuite() { delete trained_, delete clip_; }

  void SetUp() override {
    ::setenv("REELSWAP_WEIGHTS", (trained_->path() / "none").c_str(), 1);  // the same whatever is installed here
    fs::remove_all(Output());
    fs::remove_all(Album());
    fs::create_directory(Album());
  }
  void TearDown() override { ::unsetenv("REELSWAP_WEIGHTS"); }

  static fs::path Output() { return trained_->path() / "data/small/output"; }
  static fs::path Album() { return trained_->path() / "album"; }
  static fs::path Result(const std::string& name) { return Output() / "album_ava_as_ben" / name; }
  static cv::Mat ClipFrame(size_t number) { return clip_->at(number).Bgr(); }

  static ProgramResult Convert(const std::string& keys = "side_by_side: off", const std::string& target = Album().string(),
                               const std::string& more = "", const std::string& place = "target") {
    DemoProject project;
    project.every = "4";
    project.target = target;
    project.target_keys = keys;
    project.more = more;
    std::string text = project.Text();
    text.replace(text.find("- target: ") + 2, 6, place);
    std::ofstream(trained_->path() / "project.yaml") << text;
    return RunProgram({"convert", "project.yaml", "--quiet"}, trained_->path());
  }
  static json Item() { return ItemsOf(ReadReport(trained_->path()), "target").at(0); }

  /// A program in place of yt-dlp that brings this file; returns the project's key for it.
  static std::string BringsFile(const fs::path& file) {
    const fs::path program = trained_->path() / "fake-yt-dlp";
    const json said{{"id", "i"}, {"title", "t"}, {"duration", 1.5}, {"extractor", "Generic"},
                    {"file", "media" + file.extension().string()}};
    std::ofstream(program) << "#!/bin/sh\ncp '" << file.string() << "' media" << file.extension().string()
                           << "\ncat <<'END'\nreelswap-finished " << said.dump() << "\nEND\n";
    fs::permissions(program, fs::perms::owner_all);
    return "download: {ytdlp: " + program.string() + "}\n";
  }

  static TempDir* trained_;
  static std::vector<Frame>* clip_;
};
TempDir* TrainedForPhotos::trained_ = nullptr;
std::vector<Frame>* TrainedForPhotos::clip_ = nullptr;

TEST_F(TrainedForPhotos, AnInterruptedAlbumGoesOnWhereItStopped) {
  for (const char* name : {"a.png", "b.png", "c.png"}) WritePlainPicture(Album() / name, ClipFrame(name[0] % 7 * 10));
  ASSERT_EQ(Convert("side_by_side: horizontal").exit_code, 0);
  const fs::path pairs = Output() / "album_ava_as_ben_side_by_side";
  const auto a = fs::last_write_time(Result("a.png")), pair_a = fs::last_write_time(pairs / "a.png");
  const auto b = fs::last_write_time(Result("b.png")), sidecar_a = fs::last_write_time(Result("a.png.json"));

  // As a kill leaves it: no record of the whole, the last pair not yet there. And another picture came meanwhile.
  fs::remove(Result("conversion.json"));
  fs::remove(pairs / "c.png");
  WritePlainPicture(Album() / "d.png", ClipFrame(80));
  ASSERT_EQ(Convert("side_by_side: horizontal").exit_code, 0);
  EXPECT_EQ(Item().at("state"), "done");
  EXPECT_EQ(Item().at("numbers").at("pictures"), 4);
  EXPECT_EQ(Item().at("numbers").at("pictures_reused"), 2) << "a and b; c lacks its pair, d is new";
  EXPECT_EQ(Item().at("outputs").size(), 8u);
  EXPECT_EQ(fs::last_write_time(Result("a.png")), a);
  EXPECT_EQ(fs::last_write_time(Result("a.png.json")), sidecar_a);
  EXPECT_EQ(fs::last_write_time(pairs / "a.png"), pair_a);
  EXPECT_TRUE(fs::exists(pairs / "c.png"));

  // Another picture under the same name is another picture.
  WritePlainPicture(Album() / "b.png", ClipFrame(90));
  ASSERT_EQ(Convert("side_by_side: horizontal").exit_code, 0);
  EXPECT_EQ(Item().at("numbers").at("pictures_reused"), 3);
  EXPECT_NE(fs::last_write_time(Result("b.png")), b);
  EXPECT_LT(LargestDifference(ReadPhoto(Result("b.png")), ClipFrame(90), {560, 0, 80, 80}), 1);
  // Other settings make other results.
  ASSERT_EQ(Convert("side_by_side: horizontal\n    sharpen: false").exit_code, 0);
  EXPECT_FALSE(Item().at("numbers").contains("pictures_reused"));
}

TEST_F(TrainedForPhotos, SlowWhatIsDoubtfulInManyPicturesIsSaidOnceAndAgainWhenTheyAreThereAlready) {
  for (int i = 1; i <= 7; ++i) WritePlainPicture(Album() / (std::to_string(i) + ".png"), ClipFrame(10 * i));
  const FrameFormat wall = TestVideo::Format(320, 240);
  WritePlainPicture(Album() / "wall.png", TestFrame(wall, 3, 0).Bgr());
  fs::file_time_type copied;
  for (const std::string turn : {"made", "there already"}) {
    SCOPED_TRACE(turn);
    ASSERT_EQ(Convert().exit_code, 0);
    const std::string warning = Item().at("warning");
    const size_t at = warning.find("without a look at who it is");
    ASSERT_NE(at, std::string::npos) << warning;
    EXPECT_EQ(warning.find("without a look at who it is", at + 1), std::string::npos) << warning;
    EXPECT_NE(warning.find("reelswap weights pull"), std::string::npos) << warning;
    EXPECT_NE(warning.find("(1.png, 2.png, 3.png, 4.png, 5.png and 2 more)"), std::string::npos) << warning;
    EXPECT_EQ(warning.find("frame"), std::string::npos) << "pictures have no frames: " << warning;
    // The copy of what shows no face is not written again either.
    if (turn == "made") copied = fs::last_write_time(Result("wall.png"));
    EXPECT_EQ(fs::last_write_time(Result("wall.png")), copied);
    fs::remove(Result("conversion.json"));
  }
}

TEST_F(TrainedForPhotos, SlowWithoutFacesOfThePersonTheWarningSaysThatAndNotThatANetworkIsMissing) {
  ::unsetenv("REELSWAP_WEIGHTS");
  if (!FindIdentityWeights()) GTEST_SKIP() << "the identity network is not installed: reelswap weights pull";
  WritePlainPicture(Album() / "a.png", ClipFrame(10));
  const fs::path faces = trained_->path() / "data/small/faces/ava", aside = trained_->path() / "ava_aside";
  fs::rename(faces, aside);
  const ProgramResult result = Convert();
  fs::remove_all(faces);
  fs::rename(aside, faces);
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const std::string warning = Item().at("warning");
  EXPECT_NE(warning.find("no training faces of ava"), std::string::npos) << warning;
  EXPECT_EQ(warning.find("weights pull"), std::string::npos) << warning;
}

/// Sum of differences in the middle, where the faces of the clip are.
double FaceDifference(const cv::Mat& a, const cv::Mat& b) {
  const cv::Rect face(a.cols / 5, a.rows / 5, a.cols * 3 / 5, a.rows * 3 / 5);
  return cv::norm(a(face), b(face), cv::NORM_L1);
}

// After so short a training the own decoder accounts for little of a face, which then counts as covered.
TEST_F(TrainedForPhotos, WhatTheOwnDecoderDoesNotDrawStaysUnlessOcclusionIsOff) {
  WritePlainPicture(Album() / "a.png", ClipFrame(0));
  ASSERT_EQ(Convert("side_by_side: off\n    occlusion: off").exit_code, 0);
  const cv::Mat off = ReadPhoto(Result("a.png"));
  ASSERT_EQ(Convert("side_by_side: off\n    occlusion: auto").exit_code, 0);
  const cv::Mat kept = ReadPhoto(Result("a.png"));
  EXPECT_LT(FaceDifference(kept, ClipFrame(0)), 0.9 * FaceDifference(off, ClipFrame(0)));
}

TEST_F(TrainedForPhotos, AFaceThatTurnsFurtherThanTheTrainingSawFades) {
  const fs::path index = trained_->path() / "data/small/faces/ben/faces.jsonl";
  const std::string whole = ReadFile(index);
  std::istringstream rows(whole);
  std::ofstream frontal(index);
  for (std::string line; std::getline(rows, line);) {
    json row = json::parse(line);
    if (row.contains("pose")) row["pose"][0] = 0.5;
    frontal << row.dump() << "\n";
  }
  frontal.close();
  WritePlainPicture(Album() / "front.png", ClipFrame(0));
  WritePlainPicture(Album() / "side.png", ClipFrame(75));
  const int faded_exit = Convert("side_by_side: off\n    occlusion: off").exit_code;
  const cv::Mat front = ReadPhoto(Result("front.png")), side = ReadPhoto(Result("side.png"));
  const int whole_exit = Convert("side_by_side: off\n    occlusion: off\n    fade_profiles: false").exit_code;
  std::ofstream(index) << whole;
  ASSERT_EQ(faded_exit, 0);
  ASSERT_EQ(whole_exit, 0);
  EXPECT_EQ(FaceDifference(front, ReadPhoto(Result("front.png"))), 0);
  EXPECT_LT(FaceDifference(side, ClipFrame(75)), 0.95 * FaceDifference(ReadPhoto(Result("side.png")), ClipFrame(75)));
}

TEST_F(TrainedForPhotos, SlowAPageThatGivesAPictureGetsAFolderAsPicturesDo) {
  const fs::path picture = trained_->path() / "given.png";
  WritePlainPicture(picture, ClipFrame(10));
  const ProgramResult result =
      Convert("side_by_side: wipe", "http://127.0.0.1:1/view?id=1", BringsFile(picture));
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  ASSERT_EQ(Item().at("outputs").size(), 2u);
  const fs::path made = Item().at("outputs").at(0).at("path").get<std::string>();
  EXPECT_TRUE(made.parent_path().filename().string().ends_with("_ava_as_ben")) << made;
  EXPECT_TRUE(fs::is_regular_file(made)) << made;
}

TEST_F(TrainedForPhotos, SlowAPageThatGivesAVideoIsNoPicture) {
  const ProgramResult result =
      Convert("side_by_side: off", "http://127.0.0.1:1/view?id=2", BringsFile(DemoMedia() / "ava_target.mp4"), "photos");
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  const std::string error = Item().at("error");
  EXPECT_NE(error.find("is no picture"), std::string::npos) << error;
  EXPECT_NE(error.find("under target"), std::string::npos) << error;
  EXPECT_EQ(FilesBelow(Output()), std::vector<std::string>{});
}

}  // namespace
}  // namespace reelswap::testing
