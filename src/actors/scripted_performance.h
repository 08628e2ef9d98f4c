#pragma once

#include <cstdint>
#include <vector>

#include "actors/performance.h"
#include "actors/speech.h"

namespace reelswap {

/// A value that goes from one goal to the next without jerks and rests there in between.
class GoalTrack {
 public:
  struct Goal {
    float start, arrive;  ///< seconds: leaves the goal before, reaches this one
    float value;
  };
  /// `goals` in order of time; before the first one leaves, the track holds `initial`.
  GoalTrack(float initial, std::vector<Goal> goals) : initial_(initial), goals_(std::move(goals)) {}
  float At(double seconds) const;

 private:
  float initial_;
  std::vector<Goal> goals_;
};

/// What an actor does over a clip, from one seed: turns to goals spread over the whole range of
/// poses, nods, talks (as SpeechLikeAudio of the same seed and length sounds), blinks, smiles,
/// raises and draws its brows, and looks around. Smooth in time; the fastest head movement is about
/// 70 degrees a second. Immutable; thread-safe.
class ScriptedPerformance {
 public:
  /// `range`: factor on the poses; 1 reaches yaw +-30, pitch +-12, roll +-10 degrees.
  /// Throws std::invalid_argument unless 0 <= seconds <= 3600 and 0 <= range <= 1.3.
  ScriptedPerformance(uint32_t seed, double seconds, float range = 1);

  /// `at_seconds` outside the clip gives its first or last moment.
  Performance At(double at_seconds) const;
  double seconds() const { return seconds_; }

 private:
  struct Event {
    float start, duration, strength;
  };
  static float Blink(const Event& blink, double seconds);

  double seconds_;
  SpeechScript speech_;
  GoalTrack yaw_, pitch_, roll_, smile_, gaze_x_, gaze_y_;
  std::vector<Event> blinks_, raises_, frowns_, nods_;
  float sway_phase_;
};

}  // namespace reelswap
