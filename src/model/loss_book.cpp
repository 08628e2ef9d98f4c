#include "model/loss_book.h"

namespace reelswap {

std::vector<double> LossBook::Sums::Means() const {
  std::vector<double> means = by_person;
  for (double& mean : means) mean = steps > 0 ? mean / static_cast<double>(steps) : 0;
  return means;
}

void LossBook::Clear() {
  point_ = window_ = {std::vector<double>(people_.size(), 0), 0};
  shown_.assign(people_.size(), 0);
}

void LossBook::Add(const std::vector<double>& sums, int64_t steps) {
  for (Sums* to : {&point_, &window_}) {
    for (size_t p = 0; p < sums.size(); ++p) to->by_person[p] += sums[p];
    to->steps += steps;
  }
  if (point_.steps > 0) shown_ = point_.Means();
}

std::optional<HistoryPoint> LossBook::TakePoint(int64_t iteration, double seconds) {
  if (point_.steps == 0) return std::nullopt;
  HistoryPoint point{iteration, seconds, {}};
  const std::vector<double> means = point_.Means();
  for (size_t p = 0; p < people_.size(); ++p) point.loss[people_[p]] = means[p];
  point_ = {std::vector<double>(people_.size(), 0), 0};
  return point;
}

std::vector<double> LossBook::TakeWindow() {
  const std::vector<double> means = window_.Means();
  window_ = {std::vector<double>(people_.size(), 0), 0};
  return means;
}

void LossBook::StartFrom(const std::vector<HistoryPoint>& history) {
  Clear();
  if (history.empty()) return;
  for (size_t p = 0; p < people_.size(); ++p) shown_[p] = history.back().loss.at(people_[p]);
}

}  // namespace reelswap
