#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/actor.h"
#include "actors/scripted_performance.h"
#include "core/frame.h"

namespace reelswap {

/// A clip of a virtual actor, rendered frame by frame on demand. Cheap to copy; thread-safe.
class DemoClip {
 public:
  /// What sets one clip apart from another.
  struct Plan {
    std::string name;     ///< file name without extension
    std::string actor;    ///< see NamedIdentity
    uint32_t script = 1;  ///< seed of performance and speech
    double seconds = 12;
    float pose_range = 1;
    Backdrop backdrop = Backdrop::kStudio;
    float azimuth_from = -35, azimuth_to = 35;  ///< the main light wanders between these, degrees
    float warmth_from = 0, warmth_to = 0.2f;
    float light_from = 0.85f, light_to = 1.15f;
    float voice_hz = 130;
  };
  explicit DemoClip(Plan plan);

  const std::string& name() const { return plan_.name; }
  int frames() const { return frames_; }
  Rational fps() const { return {25, 1}; }
  int sample_rate() const { return 44100; }
  const ActorIdentity& identity() const { return actor_->identity(); }

  /// BGR, 640 x 480. Throws std::out_of_range unless 0 <= i < frames().
  cv::Mat Frame(int i) const { return Render(i).image; }
  /// The same with its truth.
  RenderedFrame Render(int i) const;
  /// Mono in [-1, 1], as long as the clip.
  std::vector<float> Audio() const;

  /// The same clip played by someone else. With SwappedIdentity(clip.identity(), source) it is the
  /// right answer of swapping `source`'s face into this clip.
  DemoClip PlayedBy(const ActorIdentity& other) const;

  /// What the actor does and how it is lit in a frame.
  Performance PerformanceAt(int i) const;
  ActorScene SceneAt(int i) const;

 private:
  Plan plan_;
  int frames_;
  ScriptedPerformance script_;
  std::shared_ptr<const Actor> actor_;
  cv::Mat backdrop_;  // never written after construction
};

/// The clips of the embedded demo: "ava_1" and "ben_1" (12 s each, to train on) and "ava_target"
/// (6 s, to convert), whose poses and light lie within what the first two show.
std::vector<DemoClip> DemoClips();

}  // namespace reelswap
