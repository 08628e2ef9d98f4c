#include "face/hog_features.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

// The hot loops are compiled twice, for AVX2 and for every x86-64, and the processor chooses when the
// program starts. They are plain functions and no templates, so neither version leaks into other files. Without FMA, as
// in core/row_loop.h: the faces found must not depend on the machine.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_FAST_LOOP __attribute__((target_clones("avx2", "default"), optimize("O3")))
// Comparisons of floats become vectors only where nobody waits for exceptions.
#define REELSWAP_FAST_MATH_LOOP \
  __attribute__((target_clones("avx2", "default"), optimize("O3", "no-trapping-math")))
#else
#define REELSWAP_FAST_LOOP
#define REELSWAP_FAST_MATH_LOOP
#endif

// No vector is passed to a function that is not inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace reelswap {
namespace {

constexpr int kDirections = 18;
constexpr int kLane = 8;
typedef float Vector __attribute__((vector_size(4 * kLane), aligned(4), may_alias));

constexpr int kBand = kHogCell;      // rows, or columns, of px that vote for the same two cells
constexpr int kLead = kHogCell / 2;  // the first of them lie half a cell before the picture

/// Lengths and directions (0..17, 20 degrees apart) of the gradients of one band of rows. Columns are counted from
/// kLead before the picture; where there is no gradient the length is zero.
struct GradientBand {
  int stride;
  std::vector<float> length;
  std::vector<int> direction;
  explicit GradientBand(int cells)
      : stride((cells + 1) * kBand), length(static_cast<size_t>(stride) * kBand), direction(length.size()) {}
};

// Written so that all of it becomes vectors. std::sqrt does not where errno counts, so roots are found as Newton did:
// after a good guess for 1 / root each step doubles the digits, and three give all that a float has.
REELSWAP_FAST_MATH_LOOP
void RowGradients(const uint8_t* above, const uint8_t* here, const uint8_t* below, int end, float* __restrict__ length,
                  int* __restrict__ direction) {
  // Where a direction ends and the next begins: tangents of 10, 30, 50 and 70 degrees.
  constexpr float kT10 = 0.17632698f, kT30 = 0.57735027f, kT50 = 1.19175359f, kT70 = 2.74747742f;
  for (int x = 1; x < end; ++x) {
    const int dx = here[x + 1] - here[x - 1], dy = below[x] - above[x];
    const int square = dx * dx + dy * dy;
    const float positive = static_cast<float>(square + (square == 0 ? 1 : 0)), half = 0.5f * positive;
    float inverse = __builtin_bit_cast(float, 0x5F375A86 - (__builtin_bit_cast(int, positive) >> 1));
    inverse *= 1.5f - half * inverse * inverse;
    inverse *= 1.5f - half * inverse * inverse;
    inverse *= 1.5f - half * inverse * inverse;
    length[x] = static_cast<float>(square) * inverse;
    const float ax = __builtin_fabsf(static_cast<float>(dx)), ay = __builtin_fabsf(static_cast<float>(dy));
    int steep = ay > ax * kT10 ? 1 : 0;
    steep += ay > ax * kT30 ? 1 : 0;
    steep += ay > ax * kT50 ? 1 : 0;
    steep += ay > ax * kT70 ? 1 : 0;
    const int down = dx < 0 ? 9 - steep : steep;
    const int ahead = steep == 0 ? 0 : 18 - steep;
    const int up = dx > 0 ? ahead : 9 + steep;
    direction[x] = dy < 0 ? up : down;
  }
}

/// Of a px by its row and column among those that vote for the same four cells: their shares, row by row.
struct VoteShares {
  alignas(16) float of[kBand * kBand][4];
  VoteShares() {
    for (int y = 0; y < kBand; ++y) {
      for (int x = 0; x < kBand; ++x) {
        const float lower = (y + 0.5f) / kBand, right = (x + 0.5f) / kBand;
        float* share = of[y * kBand + x];
        share[0] = (1 - lower) * (1 - right), share[1] = (1 - lower) * right;
        share[2] = lower * (1 - right), share[3] = lower * right;
      }
    }
  }
};

typedef float Quad __attribute__((vector_size(16), may_alias));

/// Votes of one band for the cells above (upper) and below its middle line.
REELSWAP_FAST_LOOP
void BandVotes(const float* length, const int* direction, int stride, const float (*shares)[4], int groups,
               float* upper, float* lower) {
  for (int g = 0; g < groups; ++g) {
    // Four sets, so that neighbours of the same direction need not wait for each other.
    Quad votes[4][kDirections] = {};
    for (int y = 0; y < kBand; ++y) {
      const float* l = length + y * stride + g * kBand;
      const int* d = direction + y * stride + g * kBand;
      const Quad* share = reinterpret_cast<const Quad*>(shares[y * kBand]);
      for (int x = 0; x < kBand; ++x) votes[x % 4][d[x]] += share[x] * l[x];
    }
    float *left_up = upper + g * kDirections, *left_down = lower + g * kDirections;
    for (int o = 0; o < kDirections; ++o) {
      const Quad sum = (votes[0][o] + votes[1][o]) + (votes[2][o] + votes[3][o]);
      left_up[o] += sum[0];
      left_up[o + kDirections] += sum[1];
      left_down[o] += sum[2];
      left_down[o + kDirections] += sum[3];
    }
  }
}

/// Histograms of (rows + 2) x (columns + 2) cells; the outer ring only catches votes.
std::vector<float> CellHistograms(const cv::Mat& gray, int rows, int columns) {
  static const VoteShares shares;
  const size_t row_floats = static_cast<size_t>(columns + 2) * kDirections;
  std::vector<float> histograms(row_floats * (rows + 2), 0.0f);
  const int last_y = std::min(rows * kHogCell, gray.rows) - 1, last_x = std::min(columns * kHogCell, gray.cols) - 1;
  GradientBand band(columns);
  for (int b = 0; b <= rows; ++b) {
    for (int y = 0; y < kBand; ++y) {
      const int row = b * kBand + y - kLead;
      float* length = band.length.data() + static_cast<size_t>(y) * band.stride;
      if (row < 1 || row >= last_y) {
        std::fill_n(length, band.stride, 0.0f);
      } else {
        RowGradients(gray.ptr(row - 1), gray.ptr(row), gray.ptr(row + 1), last_x, length + kLead,
                     band.direction.data() + static_cast<size_t>(y) * band.stride + kLead);
      }
    }
    float* upper = histograms.data() + b * row_floats;
    BandVotes(band.length.data(), band.direction.data(), band.stride, shares.of, columns + 1, upper, upper + row_floats);
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

/// Factors in registers: read from memory they would be fetched again for every vector of cells.
struct Taps {
  Vector t0, t1, t2, t3, t4, t5, t6, t7, t8, t9;
};
static_assert(kHogTaps == 10);

inline __attribute__((always_inline)) Vector Splat(float v) { return Vector{} + v; }
inline __attribute__((always_inline)) Taps Load(const float* taps) {
  return {Splat(taps[0]), Splat(taps[1]), Splat(taps[2]), Splat(taps[3]), Splat(taps[4]),
          Splat(taps[5]), Splat(taps[6]), Splat(taps[7]), Splat(taps[8]), Splat(taps[9])};
}
inline __attribute__((always_inline)) Vector At(const float* p) { return *reinterpret_cast<const Vector*>(p); }

/// Row by row, so that what the columns need of the filtered rows stays in the nearest cache: `recent` holds the last
/// kHogTaps of them.
REELSWAP_FAST_LOOP
void FilterPlane(const float* in, int rows, int stride, const float* row_taps, const float* column_taps, float* recent,
                 float* out) {
  const int end = stride - 2 * kLane;
  for (int r = 0; r < rows + kHogTaps - 1; ++r, in += stride) {
    float* filtered = recent + (r % kHogTaps) * stride;
    const Taps across = Load(row_taps);
    for (int c = 0; c <= end; c += kLane) {
      const float* p = in + c;
      Vector even = At(p) * across.t0, odd = At(p + 1) * across.t1;
      even += At(p + 2) * across.t2, odd += At(p + 3) * across.t3;
      even += At(p + 4) * across.t4, odd += At(p + 5) * across.t5;
      even += At(p + 6) * across.t6, odd += At(p + 7) * across.t7;
      even += At(p + 8) * across.t8, odd += At(p + 9) * across.t9;
      *reinterpret_cast<Vector*>(filtered + c) = even + odd;
    }
    if (r < kHogTaps - 1) continue;
    const auto row = [&](int m) { return recent + (r + 1 + m) % kHogTaps * stride; };
    const float *r0 = row(0), *r1 = row(1), *r2 = row(2), *r3 = row(3), *r4 = row(4), *r5 = row(5), *r6 = row(6),
                *r7 = row(7), *r8 = row(8), *r9 = row(9);
    const Taps down = Load(column_taps);
    for (int c = 0; c <= end; c += kLane) {
      Vector even = At(r0 + c) * down.t0, odd = At(r1 + c) * down.t1;
      even += At(r2 + c) * down.t2, odd += At(r3 + c) * down.t3;
      even += At(r4 + c) * down.t4, odd += At(r5 + c) * down.t5;
      even += At(r6 + c) * down.t6, odd += At(r7 + c) * down.t7;
      even += At(r8 + c) * down.t8, odd += At(r9 + c) * down.t9;
      *reinterpret_cast<Vector*>(out + c) = At(out + c) + (even + odd);
    }
    out += stride;
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
  FilterPlane(features.Plane(plane), features.rows, features.stride, row, column, scratch, scores);
}

}  // namespace reelswap
