#include "actors/demo_clips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <utility>

namespace reelswap {
namespace {

const DemoClip& ClipCalled(const std::vector<DemoClip>& clips, const std::string& name) {
  const auto clip = std::find_if(clips.begin(), clips.end(),
                                 [&](const DemoClip& candidate) { return candidate.name() == name; });
  if (clip == clips.end()) throw std::out_of_range(name);
  return *clip;
}

TEST(DemoClips, AreTwoToTrainOnAndOneToConvert) {
  const std::vector<DemoClip> clips = DemoClips();
  ASSERT_EQ(clips.size(), 3u);
  EXPECT_EQ(ClipCalled(clips, "ava_1").frames(), 300);
  EXPECT_EQ(ClipCalled(clips, "ben_1").frames(), 300);
  EXPECT_EQ(ClipCalled(clips, "ava_target").frames(), 150);
  for (const DemoClip& clip : clips) {
    EXPECT_EQ(clip.fps(), (Rational{25, 1}));
    EXPECT_EQ(clip.Audio().size(), static_cast<size_t>(clip.frames()) * clip.sample_rate() / 25);
  }
}

TEST(DemoClips, FacesAreLargeEnoughAndInsideThePicture) {
  for (const DemoClip& clip : DemoClips()) {
    for (int i = 0; i < clip.frames(); i += 149) {
      const RenderedFrame frame = clip.Render(i);
      ASSERT_EQ(frame.image.size(), cv::Size(640, 480));
      const cv::Rect box =
          cv::boundingRect(std::vector<cv::Point2f>(frame.landmarks.begin(), frame.landmarks.end()));
      EXPECT_GT(std::min(box.width, box.height), 100) << clip.name() << " frame " << i;  // px
      EXPECT_EQ(box & cv::Rect(0, 0, 640, 480), box) << clip.name() << " frame " << i;
    }
  }
}

TEST(DemoClips, TrainingClipsCoverPosesExpressionsAndLightOfTheTarget) {
  const std::vector<DemoClip> clips = DemoClips();
  const DemoClip& target = ClipCalled(clips, "ava_target");
  for (const char* name : {"ava_1", "ben_1"}) {
    const DemoClip& training = ClipCalled(clips, name);
    const auto range = [](const DemoClip& clip, auto measure) {
      std::pair<float, float> range{1e9f, -1e9f};
      for (int i = 0; i < clip.frames(); ++i) {
        range.first = std::min(range.first, measure(clip, i));
        range.second = std::max(range.second, measure(clip, i));
      }
      return range;
    };
    const auto covers = [&](const char* what, float slack, auto measure) {
      const auto [low, high] = range(training, measure);
      const auto [target_low, target_high] = range(target, measure);
      EXPECT_GE(target_low, low - slack) << name << ' ' << what;
      EXPECT_LE(target_high, high + slack) << name << ' ' << what;
    };
    const auto of_pose = [](auto member) {
      return [member](const DemoClip& clip, int i) { return clip.PerformanceAt(i).pose.*member; };
    };
    const auto of_action = [](auto member) {
      return [member](const DemoClip& clip, int i) { return clip.PerformanceAt(i).*member; };
    };
    const auto of_light = [](auto member) {
      return [member](const DemoClip& clip, int i) { return clip.SceneAt(i).*member; };
    };
    covers("yaw", 0, of_pose(&HeadPose::yaw));
    covers("pitch", 0, of_pose(&HeadPose::pitch));
    covers("roll", 0, of_pose(&HeadPose::roll));
    covers("jaw", .05f, of_action(&Performance::jaw_open));
    covers("smile", .05f, of_action(&Performance::smile));
    covers("pucker", .15f, of_action(&Performance::pucker));
    covers("brow raise", .15f, of_action(&Performance::brow_raise));
    covers("azimuth", 0, of_light(&ActorScene::key_azimuth));
    covers("warmth", 0, of_light(&ActorScene::warmth));
    covers("light", 0, of_light(&ActorScene::light));
  }
}

TEST(DemoClip, PlayedBySomeoneElseKeepsPerformanceAndScene) {
  const std::vector<DemoClip> clips = DemoClips();
  const DemoClip& target = ClipCalled(clips, "ava_target");
  const DemoClip truth = target.PlayedBy(SwappedIdentity(target.identity(), NamedIdentity("ben")));
  const RenderedFrame before = target.Render(60), after = truth.Render(60);
  const int background = static_cast<int>(SurfaceLabel::kBackground);
  cv::Mat difference;
  cv::absdiff(before.image, after.image, difference);
  difference.setTo(0, (before.labels != background) | (after.labels != background));
  EXPECT_EQ(cv::norm(difference, cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(before.image, after.image, cv::NORM_INF), 30);
  EXPECT_EQ(target.Audio(), truth.Audio());
}

TEST(DemoClip, RefusesFramesItDoesNotHave) {
  const DemoClip clip = DemoClips().front();
  EXPECT_THROW(clip.Frame(-1), std::out_of_range);
  EXPECT_THROW(clip.Frame(clip.frames()), std::out_of_range);
}

}  // namespace
}  // namespace reelswap
