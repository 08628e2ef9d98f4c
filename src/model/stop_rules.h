#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "model/trainer.h"

namespace reelswap {

/// The first `minute` (0 to 1439) of a local day that begins after `now`.
std::chrono::system_clock::time_point NextLocalMinute(std::chrono::system_clock::time_point now, int minute);

/// True when the score has not risen for a while: there are at least 8 scores, and the best of the last third of
/// the scored iterations is no more than 0.002 above the best before it, which is above 0. 0.002 is about how much the score of
/// neighbouring checkpoints differs by chance.
bool OnPlateau(const std::vector<ScorePoint>& scores);

/// The best score; the earliest of equals. Empty when there is none.
std::optional<ScorePoint> BestOf(const std::vector<ScorePoint>& scores);

/// When a training ends and how far it is on its way there.
class StopRules {
 public:
  /// now: when this run starts.
  StopRules(const TrainOptions& options, std::chrono::system_clock::time_point now);

  /// "iterations", "hours", "until", "plateau", or "" to go on. seconds: of training in all runs.
  std::string Reason(int64_t iteration, double seconds, const std::vector<ScorePoint>& scores,
                     std::chrono::system_clock::time_point now) const;
  /// 0 at the start, 1 at the end by whichever limit comes first. Where the time decides it depends on the clock.
  double Progress(int64_t iteration, double seconds, std::chrono::system_clock::time_point now) const;
  /// True where Progress follows from the iteration alone.
  bool ByIterationsOnly() const { return options_.max_hours <= 0 && !deadline_; }

 private:
  const TrainOptions options_;
  std::optional<std::chrono::system_clock::time_point> deadline_;
};

/// True when a training that got so far has nothing left to do.
bool Finished(const TrainOptions& options, int64_t iteration, double seconds, const std::vector<ScorePoint>& scores);

}  // namespace reelswap
