#include "model/stop_rules.h"

#include <algorithm>
#include <ctime>

namespace reelswap {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

constexpr size_t kPlateauScores = 8;
constexpr double kPlateauRise = 0.002;

}  // namespace

TimePoint NextLocalMinute(TimePoint now, int minute) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm day{};
  localtime_r(&seconds, &day);
  // mktime makes the date valid (the 32nd, an hour that the change to summer time skips).
  for (;; ++day.tm_mday) {
    std::tm wanted = day;
    wanted.tm_hour = minute / 60;
    wanted.tm_min = minute % 60;
    wanted.tm_sec = 0;
    wanted.tm_isdst = -1;
    const TimePoint next = std::chrono::system_clock::from_time_t(std::mktime(&wanted));
    if (next > now) return next;
  }
}

bool OnPlateau(const std::vector<ScorePoint>& scores) {
  if (scores.size() < kPlateauScores) return false;
  const int64_t last = scores.back().iteration;
  double before = -1e300, late = -1e300;
  for (const ScorePoint& point : scores) {
    double& best = 3 * point.iteration <= 2 * last ? before : late;
    best = std::max(best, point.result.score);
  }
  // At 0 a swap is no better than none: the training has hardly begun, however long that lasts.
  return before > 0 && late <= before + kPlateauRise;
}

std::optional<ScorePoint> BestOf(const std::vector<ScorePoint>& scores) {
  const auto best = std::max_element(scores.begin(), scores.end(), [](const ScorePoint& a, const ScorePoint& b) {
    return a.result.score < b.result.score;
  });
  return best == scores.end() ? std::nullopt : std::optional(*best);
}

StopRules::StopRules(const TrainOptions& options, TimePoint now) : options_(options) {
  if (options.until_minute >= 0) deadline_ = NextLocalMinute(now, options.until_minute);
}

std::string StopRules::Reason(int64_t iteration, double seconds, const std::vector<ScorePoint>& scores,
                              TimePoint now) const {
  if (iteration >= options_.iterations) return "iterations";
  if (options_.max_hours > 0 && seconds >= options_.max_hours * 3600) return "hours";
  if (deadline_ && now >= *deadline_) return "until";
  if (options_.plateau && OnPlateau(scores)) return "plateau";
  return "";
}

double StopRules::Progress(int64_t iteration, double seconds, TimePoint now) const {
  double progress = static_cast<double>(iteration) / static_cast<double>(options_.iterations);
  if (options_.max_hours > 0) progress = std::max(progress, seconds / (options_.max_hours * 3600));
  if (deadline_) {
    const double left = std::chrono::duration<double>(*deadline_ - now).count();
    progress = std::max(progress, left > 0 ? seconds / (seconds + left) : 1.0);
  }
  return std::min(progress, 1.0);
}

bool Finished(const TrainOptions& options, int64_t iteration, double seconds, const std::vector<ScorePoint>& scores) {
  return iteration >= options.iterations || (options.max_hours > 0 && seconds >= options.max_hours * 3600) ||
         (options.plateau && OnPlateau(scores));
}

}  // namespace reelswap
