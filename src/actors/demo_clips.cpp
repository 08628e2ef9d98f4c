#include "actors/demo_clips.h"

#include <cmath>
#include <stdexcept>

#include "fmt/format.h"

namespace reelswap {
namespace {

constexpr int kWidth = 640, kHeight = 480;

}  // namespace

DemoClip::DemoClip(Plan plan)
    : plan_(std::move(plan)),
      frames_(static_cast<int>(std::lround(plan_.seconds * fps().ToDouble()))),
      script_(plan_.script, plan_.seconds, plan_.pose_range),
      actor_(std::make_shared<const Actor>(NamedIdentity(plan_.actor))),
      backdrop_(PaintBackdrop(plan_.backdrop, {kWidth, kHeight})) {}

Performance DemoClip::PerformanceAt(int i) const { return script_.At(i / fps().ToDouble()); }

ActorScene DemoClip::SceneAt(int i) const {
  if (i < 0 || i >= frames_) {
    throw std::out_of_range(fmt::format("clip {} has frames 0 to {}, not {}", plan_.name, frames_ - 1, i));
  }
  const auto seconds = static_cast<float>(i / fps().ToDouble());
  // Three slow swings with periods that do not repeat together, so that light and pose mix.
  const auto swing = [&](float period) { return .5f - .5f * std::cos(2 * kPi * seconds / period); };
  ActorScene scene;
  scene.width = kWidth;
  scene.height = kHeight;
  scene.key_azimuth = Mix(plan_.azimuth_from, plan_.azimuth_to, swing(7.3f));
  scene.warmth = Mix(plan_.warmth_from, plan_.warmth_to, swing(10.7f));
  scene.light = Mix(plan_.light_from, plan_.light_to, swing(5.1f));
  scene.backdrop = plan_.backdrop;
  scene.painted_backdrop = backdrop_;
  scene.noise = 0.25f;  // as a good camera in good light; more would only cost bits
  scene.noise_seed = static_cast<uint32_t>(i);
  return scene;
}

RenderedFrame DemoClip::Render(int i) const {
  const ActorScene scene = SceneAt(i);
  return actor_->Render(PerformanceAt(i), scene);
}

std::vector<float> DemoClip::Audio() const {
  return SpeechLikeAudio(plan_.script, plan_.seconds, sample_rate(), plan_.voice_hz);
}

DemoClip DemoClip::PlayedBy(const ActorIdentity& other) const {
  DemoClip clip = *this;
  clip.actor_ = std::make_shared<const Actor>(other);
  return clip;
}

// The three scripts were chosen together: both training clips reach further than the target in every
// pose and expression, and 95 % of the target's frames have a training pose within 5 degrees.
std::vector<DemoClip> DemoClips() {
  DemoClip::Plan ava{.name = "ava_1", .actor = "ava", .script = 52};
  ava.backdrop = Backdrop::kStudio;
  ava.azimuth_from = -50;
  ava.azimuth_to = 50;
  ava.voice_hz = 200;

  DemoClip::Plan ben = ava;
  ben.name = "ben_1";
  ben.actor = "ben";
  ben.script = 29;
  ben.backdrop = Backdrop::kBookshelf;
  ben.voice_hz = 110;

  DemoClip::Plan target = ava;
  target.name = "ava_target";
  target.script = 43;
  target.seconds = 6;
  target.pose_range = .75f;
  target.backdrop = Backdrop::kGarden;
  target.azimuth_from = 40;
  target.azimuth_to = 20;
  target.warmth_from = .16f;
  target.warmth_to = .10f;
  target.light_from = 1;
  target.light_to = 1.08f;
  return {DemoClip(ava), DemoClip(ben), DemoClip(target)};
}

}  // namespace reelswap
