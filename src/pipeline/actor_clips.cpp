#include "pipeline/actor_clips.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "actors/actor.h"
#include "actors/scripted_performance.h"

namespace reelswap {
namespace {

constexpr double kFramesPerSecond = 25;  // as the demo's clips

/// What sets one clip of a trial apart from the next.
struct ClipLight {
  Backdrop backdrop;
  float azimuth_from, azimuth_to;  ///< degrees; the demo's training clips wander from -50 to 50
  float warmth_from, warmth_to;    ///< there 0 to 0.2
  float light_from, light_to;      ///< there 0.85 to 1.15
};
constexpr std::array<ClipLight, 3> kLights = {{
    {Backdrop::kGarden, 40, 15, .16f, .06f, .95f, 1.08f},
    {Backdrop::kStudio, -42, -8, .04f, .12f, 1.08f, .92f},
    {Backdrop::kBookshelf, -20, 25, .10f, .18f, .9f, 1.05f},
}};

void RequireSensible(const ActorTrialOptions& options) {
  const auto require = [](bool good, const char* what) {
    if (!good) throw std::invalid_argument(fmt::format("an actor trial needs {}", what));
  };
  require(options.clips >= 1 && options.clips <= 100, "1 to 100 clips");
  require(options.frames_per_clip >= 1 && options.frames_per_clip <= 2000, "1 to 2000 frames a clip");
  require(options.frames_per_run >= 3, "runs of at least 3 frames");
  require(options.clip_seconds > 0 && options.clip_seconds <= 3600, "clips of up to 3600 s");
  require(options.picture_width >= 64 && options.picture_width <= 4096, "pictures 64 to 4096 px wide");
}

/// A clip's moments before they are rendered.
class ClipScript {
 public:
  ClipScript(const ActorTrialOptions& options, int clip)
      : options_(options),
        light_(kLights[static_cast<size_t>(clip) % kLights.size()]),
        script_(options.seed + static_cast<uint32_t>(clip), options.clip_seconds, options.pose_range),
        size_(options.picture_width, options.picture_width * 3 / 4),
        backdrop_(PaintBackdrop(light_.backdrop, size_)) {}

  /// Runs start at equal distances; the first frames of a script are at rest, so they are left out.
  double SecondsOf(int frame) const {
    const int run = frame / options_.frames_per_run;
    const int runs = (options_.frames_per_clip + options_.frames_per_run - 1) / options_.frames_per_run;
    return options_.clip_seconds * (run + 0.5) / runs + frame % options_.frames_per_run / kFramesPerSecond;
  }

  Performance PerformanceOf(int frame) const { return script_.At(SecondsOf(frame)); }

  ActorScene SceneOf(int frame) const {
    const auto share = static_cast<float>(std::min(1.0, SecondsOf(frame) / options_.clip_seconds));
    ActorScene scene;
    scene.width = size_.width;
    scene.height = size_.height;
    scene.focal *= static_cast<float>(size_.width) / 640;  // its default is for 640 px
    scene.key_azimuth = std::lerp(light_.azimuth_from, light_.azimuth_to, share);
    scene.warmth = std::lerp(light_.warmth_from, light_.warmth_to, share);
    scene.light = std::lerp(light_.light_from, light_.light_to, share);
    scene.backdrop = light_.backdrop;
    scene.painted_backdrop = backdrop_;
    scene.noise = 0.25f;  // as the demo's clips
    scene.noise_seed = static_cast<uint32_t>(frame);
    return scene;
  }

 private:
  ActorTrialOptions options_;
  ClipLight light_;
  ScriptedPerformance script_;
  cv::Size size_;
  cv::Mat backdrop_;
};

}  // namespace

std::vector<ActorMoment> RenderMoments(const ActorIdentity& target, const ActorIdentity& source,
                                       const ActorTrialOptions& options) {
  RequireSensible(options);
  const Actor before(target), after(SwappedIdentity(target, source));
  std::vector<ClipScript> clips;
  for (int clip = 0; clip < options.clips; ++clip) clips.emplace_back(options, clip);
  const int runs_per_clip = (options.frames_per_clip + options.frames_per_run - 1) / options.frames_per_run;
  std::vector<ActorMoment> moments(static_cast<size_t>(options.clips) * options.frames_per_clip);
  cv::parallel_for_({0, static_cast<int>(moments.size())}, [&](const cv::Range& range) {
    for (int i = range.start; i < range.end; ++i) {
      const int clip = i / options.frames_per_clip, frame = i % options.frames_per_clip;
      const Performance performance = clips[clip].PerformanceOf(frame);
      const ActorScene scene = clips[clip].SceneOf(frame);
      const RenderedFrame truth = after.Render(performance, scene);
      ActorMoment& moment = moments[i];
      moment.run = clip * runs_per_clip + frame / options.frames_per_run;
      moment.pose = performance.pose;
      moment.target = before.Render(performance, scene).image;
      moment.truth = truth.image;
      moment.landmarks = truth.landmarks;
    }
  });
  return moments;
}

}  // namespace reelswap
