#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reelswap {

/// What a network answers to some faces of one person.
struct OutputLook {
  double error = 0;             ///< mean absolute error, in [0,1]
  double pinned = 0;            ///< share of values at black or white, where the sigmoid passes no gradient
  double variation = 0;         ///< mean over values of the spread between faces, in [0,1]
  double target_variation = 0;  ///< the same of the right answers
};

/// Sees from the losses when a training has gone wrong. Numbers are by person.
class LossWatch {
 public:
  enum class Verdict {
    kGood,
    kDoubtful,  ///< not what is worth keeping; it may pass
    kLost,      ///< it will not get better by itself
  };

  /// Means of a window of kWindow steps, mean absolute errors. Lost when a person's stays far above their best
  /// one (kRanAway) for kPatience windows.
  Verdict AddWindow(const std::vector<double>& means);
  /// Looks at the answers, every kLookEvery steps. Lost when a person's stay the same for every face, or pinned
  /// at black or white although they are wrong: such a network does not learn any more, and its loss stays
  /// where it is without ever being no number.
  Verdict AddLook(const std::vector<OutputLook>& looks);
  /// Of single errors, without a memory of them: not kLost.
  Verdict Judge(const std::vector<double>& errors) const;
  /// What the best windows were in an earlier run.
  void Remember(const std::vector<double>& means);
  /// "the loss of anna ran away (0.41 after 0.05)": of the last verdict that was not good.
  const std::string& reason() const { return reason_; }
  /// Which person (by number) reason() is about.
  size_t person() const { return person_; }

  static constexpr int64_t kWindow = 25;
  static constexpr int64_t kLookEvery = 50;
  static constexpr int kPatience = 4;  ///< windows
  static constexpr int kLooks = 3;     ///< in a row before a dead network is believed to be dead

 private:
  bool RanAway(size_t person, double mean) const;

  std::vector<double> best_;  ///< lowest window mean
  std::vector<int> over_;     ///< windows in a row far above it
  std::vector<int> dead_;     ///< looks in a row
  std::string reason_;
  size_t person_ = 0;
};

/// True when a network's answers say that it does not learn any more.
bool LooksDead(const OutputLook& look);

}  // namespace reelswap
