#pragma once

// Private to src/face.

#include <opencv2/core.hpp>
#include <vector>

namespace reelswap {

inline constexpr int kHogCell = 8;     ///< px
inline constexpr int kHogPlanes = 31;  ///< 18 directions with sign, 9 without, 4 of texture
inline constexpr int kHogTaps = 10;    ///< cells, rows and columns of a filter

/// Histograms of oriented gradients of one picture (Felzenszwalb et al., PAMI 2010), plane by plane,
/// with a margin of zeros so that a filter of kHogTaps fits at every cell. Rows are padded to whole
/// vectors; what is in the padding is zero.
struct HogFeatures {
  int rows = 0, columns = 0;  ///< cells that have features; 0 where the picture is too small
  int padded_rows = 0;        ///< rows + kHogTaps - 1
  int stride = 0;             ///< floats from one row to the next
  std::vector<float> planes;  ///< kHogPlanes x padded_rows x stride
  const float* Plane(int p) const { return planes.data() + static_cast<size_t>(p) * padded_rows * stride; }
};

/// gray: CV_8UC1. `reused` gives back its memory.
void ComputeHogFeatures(const cv::Mat& gray, HogFeatures& reused);

/// Adds the answer of a separable filter to `scores` (rows x (stride of the features), one a cell).
/// row, column: kHogTaps factors each. scratch: at least kHogTaps x stride floats.
void AddSeparableFilter(const HogFeatures& features, int plane, const float* row, const float* column, float* scratch,
                        float* scores);

}  // namespace reelswap
