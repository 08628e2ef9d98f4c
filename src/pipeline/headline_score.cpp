#include "pipeline/headline_score.h"

#include <algorithm>
#include <cmath>

namespace reelswap {
namespace {

constexpr double kReconstructionWeight = 0.5;
constexpr double kIdentityWeight = 0.25;
constexpr double kExpressionWeight = 0.25;
constexpr double kOtherExpression = 25;  // % of the inter-ocular distance

/// A weighted geometric mean while it grows.
class GeometricMean {
 public:
  void Add(double value, double weight) {
    const double inside = std::clamp(value, 0.0, 1.0);
    zero_ = zero_ || inside == 0;
    if (inside > 0) logs_ += weight * std::log(inside);
    weights_ += weight;
  }
  std::optional<double> Value() const {
    if (weights_ == 0) return std::nullopt;
    return zero_ ? 0.0 : std::exp(logs_ / weights_);
  }

 private:
  double logs_ = 0;
  double weights_ = 0;
  bool zero_ = false;
};

}  // namespace

std::optional<double> HeadlineScore(const ScoreParts& parts) {
  if (parts.truth_quality) return parts.truth_quality;
  GeometricMean mean;
  if (parts.reconstruction) mean.Add(*parts.reconstruction, kReconstructionWeight);
  if (parts.identity_margin && parts.gallery_distance > 0) {
    mean.Add(0.5 + *parts.identity_margin / (2 * parts.gallery_distance), kIdentityWeight);
  }
  if (parts.expression_error) mean.Add(1 - *parts.expression_error / kOtherExpression, kExpressionWeight);
  return mean.Value();
}

}  // namespace reelswap
