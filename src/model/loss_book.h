#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/trainer.h"

namespace reelswap {

/// Sums up the losses of single steps: for the history, for the watch over the training, for the display.
class LossBook {
 public:
  explicit LossBook(std::vector<std::string> people) : people_(std::move(people)) { Clear(); }

  /// sums: of the losses of `steps` steps, by person.
  void Add(const std::vector<double>& sums, int64_t steps);
  /// Means since the last history point, and begins the next; empty when there was no step.
  std::optional<HistoryPoint> TakePoint(int64_t iteration, double seconds);
  /// Means since the last window, by person, and begins the next.
  std::vector<double> TakeWindow();
  /// Means of the present history point, or of the last one, by person.
  const std::vector<double>& shown() const { return shown_; }
  /// Forgets all sums and shows `point`.
  void StartFrom(const std::vector<HistoryPoint>& history);

 private:
  struct Sums {
    std::vector<double> by_person;
    int64_t steps = 0;
    std::vector<double> Means() const;
  };
  void Clear();

  const std::vector<std::string> people_;
  Sums point_, window_;
  std::vector<double> shown_;
};

}  // namespace reelswap
