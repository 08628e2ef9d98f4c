// Pictures in, pictures out.
#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/core.hpp>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "core/photo.h"
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

}  // namespace
}  // namespace reelswap::testing
