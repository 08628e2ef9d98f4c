#include "face/hog_features.h"

#include <algorithm>
#include <array>
#include <cmath>

// The hot loops are compiled twice, for AVX2 and for every x86-64, and the processor chooses when the
// program starts. They are plain functions and no templates, so neither version leaks into other files.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_FAST_LOOP __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#else
#define REELSWAP_FAST_LOOP
#endif

namespace reelswap {
namespace {

constexpr int kDirections = 18;
constexpr int kLane = 8;
typedef float Vector __attribute__((vector_size(4 * kLane), aligned(4), may_alias));

/// Direction (0..17, 20 degrees apart) of every gradient that 8-bit px can have.
struct DirectionTable {
  std::array<uint8_t, 511 * 511> of;
  DirectionTable() {
    for (int dy = -255; dy <= 255; ++dy) {
      for (int dx = -255; dx <= 255; ++dx) {
        float best = 0;
        int chosen = 0;
        for (int o = 0; o < kDirections / 2; ++o) {
          const float dot = static_cast<float>(dx * std::cos(o * CV_PI / 9) + dy * std::sin(o * CV_PI / 9));
          if (std::abs(dot) > best) best = std::abs(dot), chosen = dot > 0 ? o : o + kDirections / 2;
        }
        of[Index(dx, dy)] = static_cast<uint8_t>(chosen);
      }
    }
  }
  static int Index(int dx, int dy) { return (dy + 255) * 511 + dx + 255; }
};

/// Which two columns of cells a px votes for, and with what weights.
struct ColumnVotes {
  std::vector<int> offset;  // floats from the start of a histogram row
  std::vector<float> near, far;
  explicit ColumnVotes(int columns) : offset(columns), near(columns), far(columns) {
    for (int x = 0; x < columns; ++x) {
      const float place = (x + 0.5f) / kHogCell + 0.5f;
      const int cell = static_cast<int>(place);
      offset[x] = cell * kDirections;
      far[x] = place - cell;
      near[x] = 1 - far[x];
    }
  }
};

REELSWAP_FAST_LOOP
void RowGradients(const uint8_t* above, const uint8_t* here, const uint8_t* below, int end, float* length, int* index) {
  for (int x = 1; x < end; ++x) {
    const int dx = here[x + 1] - here[x - 1], dy = below[x] - above[x];
    length[x] = std::sqrt(static_cast<float>(dx * dx + dy * dy));
    index[x] = (dy + 255) * 511 + dx + 255;
  }
}

void RowVotes(const float* length, const int* index, const uint8_t* direction, const ColumnVotes& votes, int end,
              float upper_share, float* upper, float* lower) {
  const float lower_share = 1 - upper_share;
  for (int x = 1; x < end; ++x) {
    const float near = length[x] * votes.near[x], far = length[x] * votes.far[x];
    const int bin = votes.offset[x] + direction[index[x]];
    upper[bin] += upper_share * near;
    upper[bin + kDirections] += upper_share * far;
    lower[bin] += lower_share * near;
    lower[bin + kDirections] += lower_share * far;
  }
}

/// Histograms of (rows + 2) x (columns + 2) cells; the outer ring only catches votes.
std::vector<float> CellHistograms(const cv::Mat& gray, int rows, int columns) {
  static const DirectionTable table;
  const size_t row_floats = static_cast<size_t>(columns + 2) * kDirections;
  std::vector<float> histograms(row_floats * (rows + 2), 0.0f);
  const int last_y = std::min(rows * kHogCell, gray.rows) - 1, last_x = std::min(columns * kHogCell, gray.cols) - 1;
  const ColumnVotes votes(gray.cols);
  std::vector<float> length(gray.cols);
  std::vector<int> index(gray.cols);
  for (int y = 1; y < last_y; ++y) {
    RowGradients(gray.ptr(y - 1), gray.ptr(y), gray.ptr(y + 1), last_x, length.data(), index.data());
    const float place = (y + 0.5f) / kHogCell + 0.5f;
    const int cell = static_cast<int>(place);
    float* upper = histograms.data() + cell * row_floats;
    RowVotes(length.data(), index.data(), table.of.data(), votes, last_x, 1 - (place - cell), upper, upper + row_floats);
  }
  return histograms;
}

REELSWAP_FAST_LOOP
void CellEnergies(const float* histogram, int columns, float* energy) {
  for (int c = 0; c < columns; ++c) {
    const float* h = histogram + (c + 1) * kDirections;
    float sum = 0;
    for (int o = 0; o < kDirections / 2; ++o) sum += (h[o] + h[o + 9]) * (h[o] + h[o + 9]);
    energy[c] = sum;
  }
}

/// The 31 features of one cell from its histogram and the energies of the 3 x 3 cells around it.
REELSWAP_FAST_LOOP
void CellFeatures(const float* h, const float* above, const float* here, const float* below, float* features) {
  const float blocks[4] = {below[2] + here[2] + below[1] + here[1], here[2] + above[2] + here[1] + above[1],
                           below[1] + here[1] + below[0] + here[0], here[1] + above[1] + here[0] + above[0]};
  float both[kDirections / 2];
  for (int o = 0; o < kDirections / 2; ++o) both[o] = h[o] + h[o + 9];
  for (int o = 0; o < 27; ++o) features[o] = 0;
  for (int b = 0; b < 4; ++b) {
    const float most = 0.2f * std::sqrt(blocks[b] + 0.0001f);  // truncation at 0.2 of the block's norm
    const float scale = 0.1f / most;
    float texture = 0;
    for (int o = 0; o < kDirections; ++o) {
      const float value = std::min(h[o], most) * scale;
      features[o] += value;
      texture += value;
    }
    for (int o = 0; o < kDirections / 2; ++o) features[kDirections + o] += std::min(both[o], most) * scale;
    features[27 + b] = 0.4714f * texture;  // 2 / sqrt(18)
  }
}

REELSWAP_FAST_LOOP
void FilterRows(const float* in, int rows, int stride, const float* taps, float* out) {
  for (int r = 0; r < rows; ++r, in += stride, out += stride) {
    for (int c = 0; c + 2 * kLane <= stride; c += kLane) {
      Vector sum = *reinterpret_cast<const Vector*>(in + c) * taps[0];
      for (int n = 1; n < kHogTaps; ++n) sum += *reinterpret_cast<const Vector*>(in + c + n) * taps[n];
      *reinterpret_cast<Vector*>(out + c) = sum;
    }
  }
}

REELSWAP_FAST_LOOP
void AddFilteredColumns(const float* in, int rows, int stride, const float* taps, float* out) {
  for (int r = 0; r < rows; ++r, in += stride, out += stride) {
    for (int c = 0; c + 2 * kLane <= stride; c += kLane) {
      Vector sum = *reinterpret_cast<const Vector*>(out + c);
      for (int m = 0; m < kHogTaps; ++m) sum += *reinterpret_cast<const Vector*>(in + m * stride + c) * taps[m];
      *reinterpret_cast<Vector*>(out + c) = sum;
    }
  }
}

}  // namespace

void ComputeHogFeatures(const cv::Mat& gray, HogFeatures& reused) {
  // Cells at the rim have no full neighbourhood, hence no features.
  const int rows = (gray.rows + kHogCell / 2) / kHogCell, columns = (gray.cols + kHogCell / 2) / kHogCell;
  reused.rows = std::max(0, rows - 2);
  reused.columns = std::max(0, columns - 2);
  if (reused.rows == 0 || reused.columns == 0) {
    reused.rows = reused.columns = 0;
    return;
  }
  constexpr int kMargin = (kHogTaps - 1) / 2;
  reused.padded_rows = reused.rows + kHogTaps - 1;
  // Room for the last vector of answers and for the taps beyond it.
  reused.stride = (reused.columns + kLane - 1) / kLane * kLane + 2 * kLane;
  reused.planes.assign(static_cast<size_t>(kHogPlanes) * reused.padded_rows * reused.stride, 0.0f);

  const auto histograms = CellHistograms(gray, rows, columns);
  const size_t row_floats = static_cast<size_t>(columns + 2) * kDirections;
  std::vector<float> energy(static_cast<size_t>(rows) * columns);
  for (int r = 0; r < rows; ++r) CellEnergies(&histograms[(r + 1) * row_floats], columns, &energy[static_cast<size_t>(r) * columns]);
  const size_t plane_floats = static_cast<size_t>(reused.padded_rows) * reused.stride;
  float features[kHogPlanes];
  for (int r = 0; r < reused.rows; ++r) {
    const float* above = &energy[static_cast<size_t>(r) * columns];
    float* out = reused.planes.data() + static_cast<size_t>(r + kMargin) * reused.stride + kMargin;
    for (int c = 0; c < reused.columns; ++c, ++out) {
      CellFeatures(&histograms[(r + 2) * row_floats + static_cast<size_t>(c + 2) * kDirections], above + c,
                   above + columns + c, above + 2 * columns + c, features);
      for (int p = 0; p < kHogPlanes; ++p) out[p * plane_floats] = features[p];
    }
  }
}

void AddSeparableFilter(const HogFeatures& features, int plane, const float* row, const float* column, float* scratch,
                        float* scores) {
  FilterRows(features.Plane(plane), features.padded_rows, features.stride, row, scratch);
  AddFilteredColumns(scratch, features.rows, features.stride, column, scores);
}

}  // namespace reelswap
