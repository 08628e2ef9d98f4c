#include "model/loss_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace reelswap {
namespace {

/// A window is far above the best one from twice its loss and 2 % of the full range on: neither a change of
/// batches nor the critics of the last phase come near that.
constexpr double kFactor = 2, kMargin = 0.02;

/// Below this error even a picture of one colour may be the right answer.
constexpr double kWrong = 0.08;
constexpr double kPinnedShare = 0.9;
/// Faces differ; answers that differ a fiftieth as much do not follow them.
constexpr double kSameShare = 0.02;

}  // namespace

bool LooksDead(const OutputLook& look) {
  if (look.error < kWrong) return false;
  return look.pinned > kPinnedShare || look.variation < kSameShare * look.target_variation;
}

bool LossWatch::RanAway(size_t person, double mean) const {
  return person < best_.size() && mean > kFactor * best_[person] + kMargin;
}

void LossWatch::Remember(const std::vector<double>& means) {
  best_.resize(means.size(), std::numeric_limits<double>::infinity());
  for (size_t p = 0; p < means.size(); ++p) best_[p] = std::min(best_[p], means[p]);
}

LossWatch::Verdict LossWatch::AddWindow(const std::vector<double>& means) {
  over_.resize(means.size(), 0);
  Verdict verdict = Verdict::kGood;
  for (size_t p = 0; p < means.size(); ++p) {
    over_[p] = RanAway(p, means[p]) ? over_[p] + 1 : 0;
    if (over_[p] == 0 || verdict == Verdict::kLost) continue;
    verdict = over_[p] >= kPatience ? Verdict::kLost : Verdict::kDoubtful;
    person_ = p;
    reason_ = fmt::format("ran away ({:.3f} after {:.3f})", means[p], best_[p]);
  }
  Remember(means);
  return verdict;
}

LossWatch::Verdict LossWatch::AddLook(const std::vector<OutputLook>& looks) {
  dead_.resize(looks.size(), 0);
  Verdict verdict = Verdict::kGood;
  for (size_t p = 0; p < looks.size(); ++p) {
    dead_[p] = LooksDead(looks[p]) ? dead_[p] + 1 : 0;
    if (dead_[p] == 0 || verdict == Verdict::kLost) continue;
    verdict = dead_[p] >= kLooks ? Verdict::kLost : Verdict::kDoubtful;
    person_ = p;
    reason_ = fmt::format("stays at {:.3f}: the network answers every face with the same picture", looks[p].error);
  }
  return verdict;
}

LossWatch::Verdict LossWatch::Judge(const std::vector<double>& errors) const {
  for (size_t p = 0; p < errors.size(); ++p) {
    if (RanAway(p, errors[p])) return Verdict::kDoubtful;
  }
  return Verdict::kGood;
}

}  // namespace reelswap
