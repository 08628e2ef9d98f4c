#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace reelswap {

/// Values over time in a bounded number of steps: when they no longer fit, two steps become one of twice the length.
/// Knows the mean and the largest (or smallest) of each step. Not thread-safe.
class TimeSeries {
 public:
  /// worst_is_low: At().worst is the smallest value of a step instead of the largest.
  explicit TimeSeries(bool worst_is_low = false) : worst_is_low_(worst_is_low), steps_(kSteps) {}

  /// seconds from 0 (less counts as 0); a value that is not finite is left out.
  void Add(double seconds, double value);

  struct Step {
    double sum = 0;
    double worst = 0;
    int64_t count = 0;
    double mean() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
  };
  const std::vector<Step>& steps() const { return steps_; }
  double step_seconds() const { return step_seconds_; }
  bool empty() const;

 private:
  static constexpr size_t kSteps = 1024;  // more than a chart has columns
  void Halve();
  void Put(Step& step, double sum, double worst, int64_t count) const;

  bool worst_is_low_;
  double step_seconds_ = 1.0 / 64;  // finer than any video's frames
  std::vector<Step> steps_;
};

/// One curve of a panel.
struct QualityCurve {
  std::string name;
  const TimeSeries* values = nullptr;
  cv::Scalar color;
  bool shade_to_worst = false;  ///< the room between mean and worst is tinted
};

/// One plot over time with an axis of its own.
struct QualityPanel {
  std::string title;  ///< with the unit
  double low = 0;
  double high = 0;  ///< not above low: from the values
  std::vector<QualityCurve> curves;
};

/// The panels below each other over one time axis in minutes and seconds; axes with numbers, a legend per panel, "not
/// measured" where a panel has no values. CV_8UC3, 1100 px wide. Text that is not ASCII is drawn as '?'.
cv::Mat DrawQualityChart(const std::string& title, double seconds, const std::vector<QualityPanel>& panels);

}  // namespace reelswap
