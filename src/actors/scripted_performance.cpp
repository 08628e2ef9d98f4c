#include "actors/scripted_performance.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "actors/geometry.h"
#include "fmt/format.h"

namespace reelswap {
namespace {

/// Minimum-jerk movement from 0 to 1 (Flash and Hogan 1985).
float MinimumJerk(float t) {
  t = Clamp01(t);
  return t * t * t * (10 + t * (6 * t - 15));
}

/// Goals that visit `count` strata of [-limit, limit] in shuffled rounds, so that a clip of ten
/// seconds covers the whole range instead of leaving that to luck.
std::vector<GoalTrack::Goal> SpreadGoals(Dice& dice, double seconds, float limit, int strata,
                                         float mean_speed) {
  std::vector<GoalTrack::Goal> goals;
  std::vector<int> order(strata);
  float time = dice.Between(.3f, .6f), last = 0;
  while (time < seconds) {
    for (int i = 0; i < strata; ++i) order[i] = i;
    for (int i = strata - 1; i > 0; --i) std::swap(order[i], order[dice.Below(i + 1)]);
    for (const int stratum : order) {
      const float jitter = dice.Between(-.2f, .2f);
      const float place = (static_cast<float>(stratum) + jitter) / static_cast<float>(strata - 1);
      const float value = limit * (2 * Clamp01(place) - 1);
      const float takes = std::max(.5f, std::fabs(value - last) / mean_speed);
      goals.push_back({time, time + takes, value});
      time += takes + dice.Between(.1f, .4f);
      last = value;
    }
  }
  return goals;
}

GoalTrack PoseTrack(uint32_t seed, double seconds, float limit, int strata, float mean_speed) {
  Dice dice(seed);
  return {0, SpreadGoals(dice, seconds, limit, strata, mean_speed)};
}

/// Alternates between nothing and a smile of some width.
GoalTrack SmileTrack(uint32_t seed, double seconds) {
  Dice dice(seed);
  std::vector<GoalTrack::Goal> goals;
  float time = dice.Between(.5f, 1.2f);
  for (bool up = true; time < seconds; up = !up) {
    const float takes = dice.Between(.4f, .7f);
    goals.push_back({time, time + takes, up ? dice.Between(.45f, 1.f) : dice.Between(0, .1f)});
    time += takes + dice.Between(.6f, 1.8f);
  }
  return {0, goals};
}

/// Saccades: the eyes jump to a new place in 60 ms and rest.
GoalTrack GazeTrack(uint32_t seed, double seconds, float limit) {
  Dice dice(seed);
  std::vector<GoalTrack::Goal> goals;
  for (float time = dice.Between(.3f, 1.f); time < seconds; time += dice.Between(.5f, 1.7f)) {
    const float value = dice.Chance(.4f) ? 0 : dice.Between(-limit, limit);
    goals.push_back({time, time + .06f, value});
  }
  return {0, goals};
}

/// 0 to 1 and back over an event, resting at 1 in its middle third.
float RiseAndFall(float start, float duration, double seconds) {
  const float t = (static_cast<float>(seconds) - start) / duration;
  return MinimumJerk(3 * t) * MinimumJerk(3 * (1 - t));
}

}  // namespace

float GoalTrack::At(double seconds) const {
  const auto time = static_cast<float>(seconds);
  float value = initial_;
  for (const Goal& goal : goals_) {
    if (time <= goal.start) break;
    value = Mix(value, goal.value, MinimumJerk((time - goal.start) / (goal.arrive - goal.start)));
  }
  return value;
}

ScriptedPerformance::ScriptedPerformance(uint32_t seed, double seconds, float range)
    : seconds_(seconds),
      speech_(seed, seconds),
      yaw_(PoseTrack(seed * 31 + 1, seconds, 30 * range, 5, 32)),
      pitch_(PoseTrack(seed * 31 + 2, seconds, 12 * range, 4, 16)),
      roll_(PoseTrack(seed * 31 + 3, seconds, 10 * range, 4, 12)),
      smile_(SmileTrack(seed * 31 + 4, seconds)),
      gaze_x_(GazeTrack(seed * 31 + 5, seconds, .5f)),
      gaze_y_(GazeTrack(seed * 31 + 6, seconds, .35f)),
      sway_phase_(static_cast<float>(seed % 628) / 100) {
  if (!(range >= 0 && range <= 1.3f)) {
    throw std::invalid_argument(fmt::format("range of poses is {}, must be 0 to 1.3", range));
  }
  Dice dice(seed * 31 + 7);
  const auto scatter = [&](float shortest, float longest, float lasts_low, float lasts_high) {
    std::vector<Event> events;
    for (float t = dice.Between(.3f, 1) * longest; t < seconds; t += dice.Between(shortest, longest)) {
      events.push_back({t, dice.Between(lasts_low, lasts_high), dice.Between(.6f, 1)});
    }
    return events;
  };
  blinks_ = scatter(1.6f, 3.6f, .26f, .36f);  // people blink some 15 to 20 times a minute
  raises_ = scatter(2.0f, 4.5f, .8f, 1.5f);
  frowns_ = scatter(3.0f, 6.0f, .8f, 1.6f);
  nods_ = scatter(3.5f, 6.5f, 1.2f, 1.6f);
}

/// Lids close in the first third of a blink, rest, and open more slowly.
float ScriptedPerformance::Blink(const Event& blink, double seconds) {
  const float t = (static_cast<float>(seconds) - blink.start) / blink.duration;
  return SmoothStep(0, .33f, t) * SmoothStep(1, .47f, t);
}

Performance ScriptedPerformance::At(double at_seconds) const {
  const double seconds = std::clamp(at_seconds, 0.0, seconds_);
  const auto t = static_cast<float>(seconds);
  Performance now;
  now.pose = {yaw_.At(seconds), pitch_.At(seconds), roll_.At(seconds)};
  for (const Event& nod : nods_) {
    now.pose.pitch += 3 * nod.strength * RiseAndFall(nod.start, nod.duration, seconds) *
                      std::sin(2 * kPi * 1.4f * (t - nod.start));
  }
  // The head is never quite still: slow drifts with periods that do not repeat together.
  now.pose.yaw += .8f * std::sin(.9f * t + sway_phase_);
  now.position = {1.8f * std::sin(.50f * t + sway_phase_), .5f * std::sin(.83f * t + sway_phase_),
                  2.0f * std::sin(.37f * t + 2 * sway_phase_)};
  now.smile = smile_.At(seconds);
  // Speaking opens the jaw to about half of its range, and a wide smile leaves less room to round.
  now.jaw_open = .55f * speech_.JawOpen(seconds);
  now.pucker = .8f * speech_.Pucker(seconds) * (1 - .7f * now.smile);
  for (const Event& raise : raises_) {
    now.brow_raise += raise.strength * RiseAndFall(raise.start, raise.duration, seconds);
  }
  for (const Event& frown : frowns_) {
    now.brow_frown += frown.strength * RiseAndFall(frown.start, frown.duration, seconds);
  }
  now.brow_raise = Clamp01(now.brow_raise);
  now.brow_frown = Clamp01(now.brow_frown) * (1 - now.brow_raise);
  float blink = 0;
  for (const Event& event : blinks_) blink = std::max(blink, Blink(event, seconds));
  now.blink_left = now.blink_right = blink;
  // While the head turns the eyes stay with the camera, as far as they reach comfortably.
  now.gaze_x = std::clamp(gaze_x_.At(seconds) - now.pose.yaw / 45, -1.f, 1.f);
  now.gaze_y = std::clamp(gaze_y_.At(seconds) - now.pose.pitch / 40, -1.f, 1.f);
  return now;
}

}  // namespace reelswap
