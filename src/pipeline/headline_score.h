#pragma once

#include <optional>

namespace reelswap {

/// What was measured of a model's swaps; empty where it could not be. Means over all directions.
struct ScoreParts {
  std::optional<double> truth_quality;     ///< TruthScore::quality: 1 the truth, 0 do nothing
  std::optional<double> reconstruction;    ///< detail of held-out faces through their own decoder (SelfReconstruction)
  std::optional<double> identity_margin;   ///< distance to the replaced person's gallery minus to the shown one's
  double gallery_distance = 0;             ///< median distance between faces of the two galleries, the margin's unit
  std::optional<double> expression_error;  ///< % of the inter-ocular distance
};

/// The one number that decides which checkpoint ships; higher is better, 1 is perfect.
///
/// With a truth it is the quality of the swap, and nothing else. Without one it is the geometric mean (so that
/// nothing can be bought by giving up another part) of
///   reconstruction  weight 0.50: the detail that the network gives back of new pictures; plain SSIM would
///                                rate a featureless face 0.7, since its skin and light are right
///   identity        weight 0.25: 0.5 + margin / (2 x gallery distance); 0 the replaced person, 1 the shown one
///   expression      weight 0.25: 1 - error / 25 %, a quarter of the eyes' distance being another expression
/// each clamped to [0, 1]; what was not measured leaves its weight to the others. Scores with different parts must
/// not be compared. nullopt when nothing was measured.
std::optional<double> HeadlineScore(const ScoreParts& parts);

}  // namespace reelswap
