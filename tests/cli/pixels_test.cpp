// Which pixels a conversion changes: with a lossless encoder every other one comes out as it went in.
#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <opencv2/imgproc.hpp>

#include "actors/demo_clips.h"
#include "cli/demo_project.h"
#include "cli/finished_run.h"
#include "cli/program.h"
#include "media/video_writer.h"
#include "testing/synthetic_video.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kFaces = 8;         // frames with a face, before and after the gap
constexpr int kGap = 6;           // frames without one
constexpr int kSecondStart = 60;  // where the frames after the gap come from: the head has moved on
constexpr int kFrames = 2 * kFaces + kGap;

/// The frame of ava_target that frame `i` of the target shows, or -1 in the gap.
int ShownFrame(int i) {
  if (i < kFaces) return i;
  return i < kFaces + kGap ? -1 : kSecondStart + i - kFaces - kGap;
}

/// A video with sound: a face, a stretch without one, the face again.
void WriteTargetWithAGap(const fs::path& path, const fs::path& sound) {
  WriteTestTone(sound, static_cast<double>(kFrames) / 25, 44100);
  const std::vector<Frame> clip = ReadFrames(DemoMedia() / "ava_target.mp4");
  WriteOptions options;
  options.video = ProbeVideo(DemoMedia() / "ava_target.mp4");
  options.video.time_base = {1, 25};
  options.audio = AudioCopy{sound, 0, std::nullopt};
  VideoWriter writer(path, options);
  for (int i = 0; i < kFrames; ++i) {
    const int shown = ShownFrame(i);
    Frame frame = shown < 0 ? TestFrame(options.video.format, i, i) : clip.at(static_cast<size_t>(shown));
    frame.set_pts(i);
    writer.Write(frame);
  }
  writer.Commit();
}

/// Where the actor's true landmarks are, with a margin of a third of the face's size, half of it
/// above the brows: more than any mask reaches.
cv::Rect BoxAroundTheFace(const DemoClip& clip, int frame) {
  const RenderedFrame truth = clip.Render(frame);
  const cv::Rect2f face =
      cv::boundingRect(std::vector<cv::Point2f>(truth.landmarks.begin(), truth.landmarks.end()));
  const cv::Point2f upper_left(face.x - face.width / 3, face.y - face.height / 2);
  const cv::Point2f lower_right(face.x + face.width * 4 / 3, face.y + face.height * 4 / 3);
  return cv::Rect(upper_left, lower_right) & cv::Rect(0, 0, truth.image.cols, truth.image.rows);
}

/// Samples that differ between two planes; `box` (px of the frame) set aside.
int DifferingSamples(const Frame& a, const Frame& b, int plane, const cv::Rect& box) {
  cv::Mat differs = a.Plane(plane) != b.Plane(plane);
  const FrameFormat& format = a.format();
  const int x = plane == 0 ? 0 : format.chroma_shift_x, y = plane == 0 ? 0 : format.chroma_shift_y;
  const cv::Rect inside(cv::Point(box.x >> x, box.y >> y),
                        cv::Point((box.br().x >> x) + 1, (box.br().y >> y) + 1));
  if (!box.empty()) differs(inside & cv::Rect(cv::Point(), differs.size())).setTo(0);
  return cv::countNonZero(differs);
}

int DifferingSamples(const Frame& a, const Frame& b, const cv::Rect& box = {}) {
  int count = 0;
  for (int plane = 0; plane < a.format().PlaneCount(); ++plane) count += DifferingSamples(a, b, plane, box);
  return count;
}

/// Programs started while it lives run on one core.
class OneCore {
 public:
  OneCore() {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t first;
    CPU_ZERO(&first);
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (!CPU_ISSET(core, &before_)) continue;
      CPU_SET(core, &first);
      break;
    }
    restricted_ = ::sched_setaffinity(0, sizeof first, &first) == 0;
  }
  ~OneCore() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;
  bool restricted() const { return restricted_; }

 private:
  cpu_set_t before_{};
  bool restricted_ = false;
};

TEST(Pixels, OutsideTheFaceEverySampleStaysAndOneCoreGivesTheSameAsAll) {
  TempDir dir;
  const fs::path target = dir / "gap.mp4";
  WriteTargetWithAGap(target, dir / "tone.m4a");
  DemoProject project;
  project.target = target.string();
  project.target_keys = "side_by_side: off\n    encoder: {codec: ffv1}\n    container: mkv";
  project.more = "disclosure: {label: off, reason: \"the test compares pixels\"}\n";
  const fs::path file = project.Write(dir.path());
  const ProgramResult result = RunProgram({"run", file.string()}, dir.path());
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const fs::path output = dir / "data/small/output/gap_ava_as_ben.mkv";
  ExpectSameAudioPackets(target, output);
  EXPECT_EQ(ItemsOf(ReadReport(dir.path()), "target").at(0).at("numbers").at("frames_with_face"), 2 * kFaces);

  const std::vector<Frame> before = ReadFrames(target), after = ReadFrames(output);
  ASSERT_EQ(before.size(), static_cast<size_t>(kFrames));
  ASSERT_EQ(after.size(), before.size());
  const DemoClip clip = DemoClips().at(2);
  ASSERT_EQ(clip.name(), "ava_target");
  for (int i = 0; i < kFrames; ++i) {
    const Frame &was = before[static_cast<size_t>(i)], &is = after[static_cast<size_t>(i)];
    ASSERT_EQ(is.format(), was.format());
    if (ShownFrame(i) < 0) {
      EXPECT_EQ(DifferingSamples(was, is), 0) << "frame " << i << " shows no face";
      continue;
    }
    const cv::Rect box = BoxAroundTheFace(clip, ShownFrame(i));
    ASSERT_LT(box.area(), was.size().area() / 2) << "too much set aside to say anything";
    EXPECT_EQ(DifferingSamples(was, is, box), 0) << "frame " << i << " outside " << box;
    // A twelve-step network paints a blur: a face's worth of samples is not what it was.
    EXPECT_GT(DifferingSamples(was, is), box.area() / 10) << "frame " << i;
  }

  fs::rename(output, dir / "all_cores.mkv");
  {
    const OneCore one;
    if (!one.restricted()) GTEST_SKIP() << "the number of cores cannot be restricted here";
    const ProgramResult again = RunProgram({"convert", file.string()}, dir.path());
    ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
  }
  const std::vector<Frame> one_core = ReadFrames(output);
  ASSERT_EQ(one_core.size(), after.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(DifferingSamples(one_core[i], after[i]), 0) << "frame " << i;
    EXPECT_EQ(one_core[i].pts(), after[i].pts());
  }
}

}  // namespace
}  // namespace reelswap::testing
