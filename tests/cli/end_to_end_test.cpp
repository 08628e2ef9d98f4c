// The main job as a user starts it: the program itself, real videos, real training (a short one).
#include <gtest/gtest.h>

#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "fetch/fetch.h"
#include "media/video_reader.h"
#include "media/video_writer.h"
#include "testing/http_server.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Mean absolute difference of two videos' luma in a region, over up to 20 frames.
double Difference(const fs::path& a, const fs::path& b, const cv::Rect& region) {
  VideoReader first(a), second(b);
  double sum = 0;
  int count = 0;
  for (; count < 20; ++count) {
    auto x = first.Next(), y = second.Next();
    if (!x || !y) break;
    cv::Mat difference;
    cv::absdiff(x->Luma()(region), y->Luma()(region), difference);
    sum += cv::mean(difference)[0];
  }
  return sum / std::max(count, 1);
}

TEST(EndToEnd, UrlsBecomeMarkedVideosWithTheirOwnAudio) {
  if (!YtDlpVersion("yt-dlp")) GTEST_SKIP() << "yt-dlp is not installed: no page can be resolved";
  TempDir dir;
  HttpServer server([serve = ServeFolder(DemoMedia())](const HttpRequest& request) {
    if (request.Path() == "/watch") {
      return HtmlPage("<html><head><title>../../evil $(touch x)</title></head>"
                      "<body><video src=\"/ben_1.mp4\"></video></body></html>");
    }
    return serve(request);
  });
  DemoProject project;
  project.ava = server.Url("/ava_1.mp4");
  project.ben = server.Url("/watch?v=1");
  const fs::path file = project.Write(dir.path());

  const ProgramResult result = RunProgram({"run", file.string()}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const fs::path output = dir / "data/small/output";
  const fs::path swapped = output / "ava_target_ava_as_ben.mp4", pair = output / "ava_target_ava_as_ben_side_by_side.mp4";
  for (const fs::path& video : {swapped, pair}) {
    ExpectSameTimesAndAudio(DemoMedia() / "ava_target.mp4", video);
    EXPECT_EQ(RunProgram({"verify", video.string()}, dir.path()).exit_code, 0);
    EXPECT_TRUE(fs::exists(video.string() + ".json"));
  }
  EXPECT_EQ(ProbeVideo(pair).format.width, 2 * ProbeVideo(swapped).format.width);
  // The face changed, the far corner of the room did not (only its compression).
  EXPECT_GT(Difference(DemoMedia() / "ava_target.mp4", swapped, {240, 160, 160, 160}), 4);
  EXPECT_LT(Difference(DemoMedia() / "ava_target.mp4", swapped, {560, 0, 80, 80}), 3);

  const json report = ReadReport(dir.path());
  for (const json& item : report.at("items")) EXPECT_EQ(item.at("state"), "done") << item;
  EXPECT_TRUE(fs::exists(dir / "data/small/report.html"));
  EXPECT_FALSE(fs::exists(dir / "x"));
  for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
    EXPECT_EQ(entry.path().filename().string().find(".part"), std::string::npos) << entry.path();
  }

  // A second run finds everything done: nothing is downloaded, trained or converted again.
  const auto requests = server.Requests().size();
  const auto made = fs::last_write_time(swapped);
  ASSERT_EQ(RunProgram({"run", file.string()}, dir.path()).exit_code, 0);
  EXPECT_EQ(server.Requests().size(), requests);
  EXPECT_EQ(fs::last_write_time(swapped), made);
  for (const json& item : ReadReport(dir.path()).at("items")) {
    if (item.at("stage") == "faces") continue;
    EXPECT_EQ(item.at("state"), "reused") << item;
  }
}

TEST(EndToEnd, ATrimCutsPictureAndSoundTogether) {
  TempDir dir;
  DemoProject project;
  project.target_keys = "start: 2\n    duration: 1.5\n    side_by_side: off";
  ASSERT_EQ(RunProgram({"run", project.Write(dir.path()).string()}, dir.path()).exit_code, 0);
  const fs::path output = dir / "data/small/output/ava_target_ava_as_ben.mp4";
  const auto seconds = Seconds(output);
  ASSERT_EQ(seconds.size(), 38u);  // 1.5 s at 25 frames/s: 37.5 periods begin
  EXPECT_NEAR(seconds.front(), 0, 1e-6);
  const auto audio = AudioPacketDigests(output);
  ASSERT_FALSE(audio.empty());
  EXPECT_NEAR(audio.back().seconds(), 1.5, 0.06);  // packet boundaries: 23 ms
  EXPECT_NEAR(audio.front().seconds(), 0, 0.06);
}

TEST(EndToEnd, AModelTrainedOnceCanStartAnotherAndConvertTheOtherWay) {
  TempDir dir;
  DemoProject project;
  project.target_keys = "side_by_side: vertical";
  const fs::path file = project.Write(dir.path());
  ASSERT_EQ(RunProgram({"run", file.string()}, dir.path()).exit_code, 0);
  const ProgramResult list = RunProgram({"models", "list"}, dir.path());
  EXPECT_NE(list.out.find("small@1"), std::string::npos) << list.out;
  const ProgramResult again = RunProgram({"run", file.string(), "--set", "name=second", "--set", "train.base=small",
                                          "--set", "convert.0.swap={ben: ava}", "--set",
                                          "convert.0.target=" + (DemoMedia() / "ben_1.mp4").string(), "--set",
                                          "convert.0.duration=1"},
                                         dir.path());
  ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
  const ProgramResult show = RunProgram({"models", "show", "second"}, dir.path());
  EXPECT_NE(show.out.find("small@1"), std::string::npos) << show.out;
  EXPECT_TRUE(fs::exists(dir / "data/second/output/ben_1_ben_as_ava.mp4"));
  // A base of another network is refused with a sentence that says what differs.
  const ProgramResult other = RunProgram({"train", file.string(), "--set", "name=third", "--set", "train.base=small",
                                          "--set", "train.model=lowmem"},
                                         dir.path());
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.out.find("light"), std::string::npos) << other.out;
  EXPECT_NE(other.out.find("lowmem"), std::string::npos) << other.out;
}

TEST(EndToEnd, RealPeopleFromALoopbackServer) {
  const fs::path shared = SharedDir();
  if (shared.empty()) GTEST_SKIP() << "real footage is not on this machine";
  if (!YtDlpVersion("yt-dlp")) GTEST_SKIP() << "yt-dlp is not installed: no page can be resolved";
  TempDir dir;
  // The clips have no sound: a copy of the target gets some.
  const fs::path silent = shared / "footage/man_hoodie/help.mkv";
  WriteTestTone(dir / "tone.m4a", 2.5);
  {
    VideoReader reader(silent);
    WriteOptions options;
    options.video = reader.info();
    options.audio = AudioCopy{dir / "tone.m4a", 0, std::nullopt};
    VideoWriter writer(dir / "target.mp4", options);
    while (auto frame = reader.Next()) writer.Write(*frame);
    writer.Commit();
  }
  HttpServer server([footage = ServeFolder(shared / "footage"), own = ServeFolder(dir.path())](const HttpRequest& r) {
    if (r.Path() == "/watch") {
      return HtmlPage("<html><head><title>reading</title></head>"
                      "<body><video src=\"/woman_hoodie/book.mkv\"></video></body></html>");
    }
    return r.Path() == "/target.mp4" ? own(r) : footage(r);
  });
  DemoProject project;
  project.ava = server.Url("/man_hoodie/again.mkv");
  project.ben = server.Url("/watch?v=2");
  project.target = server.Url("/target.mp4");
  project.every = "2";
  const ProgramResult result = RunProgram({"run", project.Write(dir.path()).string()}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  int videos = 0;
  for (const auto& entry : fs::directory_iterator(dir / "data/small/output")) {
    if (entry.path().extension() != ".mp4") continue;
    ++videos;
    ExpectSameTimesAndAudio(dir / "target.mp4", entry.path());
  }
  EXPECT_EQ(videos, 2);
}

}  // namespace
}  // namespace reelswap::testing
