#include <fmt/format.h>

#include <algorithm>

#include "pipeline/footage_trial.h"

namespace reelswap {
namespace {

/// The mean while it grows; of what was measured only.
class Mean {
 public:
  void Add(std::optional<double> value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  std::optional<double> Value() const { return count_ > 0 ? std::optional(sum_ / count_) : std::nullopt; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

ScoreParts FootageScores::Parts() const {
  Mean reconstruction, margin, expression;
  for (const SelfReconstruction& person : people) reconstruction.Add(person.detail);
  for (const FootageDirection& direction : directions) {
    margin.Add(direction.margin);
    expression.Add(direction.expression_percent);
  }
  ScoreParts parts;
  parts.reconstruction = reconstruction.Value();
  parts.identity_margin = margin.Value();
  parts.gallery_distance = gallery_distance;
  parts.expression_error = expression.Value();
  return parts;
}

std::map<std::string, double> FootageScores::Numbers() const {
  std::map<std::string, double> numbers;
  std::map<std::string, Mean> means;
  const auto add = [&](const std::string& name, const std::string& of, std::optional<double> value) {
    if (!value) return;
    numbers[name + ": " + of] = *value;
    means[name].Add(value);
  };
  for (const SelfReconstruction& person : people) {
    add("ssim", person.person, person.ssim);
    add("detail", person.person, person.detail);
    add("l1", person.person, person.l1);
  }
  for (const FootageDirection& direction : directions) {
    const std::string of = fmt::format("{} as {}", direction.from, direction.to);
    add("identity to shown", of, direction.identity_to);
    add("identity to replaced", of, direction.identity_from);
    add("identity of real faces", of, direction.identity_real);
    add("identity margin", of, direction.margin);
    add("retrieval", of, direction.retrieval);
    add("pose error", of, direction.pose_degrees);
    add("expression error", of, direction.expression_percent);
    add("flicker", of, direction.flicker);
  }
  for (const auto& [name, mean] : means) numbers[name] = *mean.Value();
  if (gallery_distance > 0) numbers["gallery distance"] = gallery_distance;
  return numbers;
}

std::vector<size_t> SpreadInRuns(size_t faces, size_t count) {
  constexpr size_t kRun = 4;
  std::vector<size_t> chosen;
  if (faces <= count) {
    for (size_t i = 0; i < faces; ++i) chosen.push_back(i);
    return chosen;
  }
  const size_t runs = std::max<size_t>(1, count / kRun);
  const size_t length = std::min(kRun, count);
  for (size_t run = 0; run < runs; ++run) {
    const size_t first = runs == 1 ? 0 : run * (faces - length) / (runs - 1);
    for (size_t i = first; i < first + length; ++i) {
      if (chosen.empty() || i > chosen.back()) chosen.push_back(i);
    }
  }
  return chosen;
}

}  // namespace reelswap
