#pragma once

#include <vector>

namespace reelswap {

/// Weights that make a local quadratic regression with tricube weights an average: value at 0 = sum of weight[i] times
/// the value at i - before. bandwidth: where the tricube weight vanishes, in samples; before, after: samples there are to
/// either side (those nearer than bandwidth are used). At an end, where one side lacks, the parabola is held back and the
/// result tends to a local line: an end of a parabola repeats the noise.
struct RegressionWeights {
  int before = 0;              ///< samples used before the one in question
  std::vector<double> weight;
  double gain = 1;             ///< standard deviation of the result for noise of 1
};
RegressionWeights LocalQuadratic(double bandwidth, int before, int after);

}  // namespace reelswap
