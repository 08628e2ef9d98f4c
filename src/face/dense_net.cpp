#include "face/dense_net.h"

#include <algorithm>
#include <cstring>

// Compiled twice, as in hog_features.cpp: for AVX2 with FMA and for every x86-64.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define REELSWAP_FAST_LOOP __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#else
#define REELSWAP_FAST_LOOP
#endif

namespace reelswap {
namespace {

constexpr int kLane = 8;
typedef float Vector __attribute__((vector_size(4 * kLane), aligned(4), may_alias));
// 4 outputs x 3 vectors are 12 sums, which with 3 inputs and a weight fill the 16 registers of AVX2.
constexpr int kGroup = 4;
constexpr int kTile = 3 * kLane;

// The network's own constants (dlib's defaults): mean colour of its training pictures, and 1 / 256.
constexpr std::array<float, 3> kMeanRgb{122.782f, 117.001f, 104.298f};
constexpr float kColourScale = 1.0f / 256;

constexpr int kStemKernel = 7;
constexpr int kStemPad = 3;
constexpr int kStemSide = kIdentityChip / 2;                    // 75
constexpr int kPhaseSide = (kIdentityChip + 2 * kStemPad) / 2;  // 78
constexpr int kPhaseFloats = (kPhaseSide + 1) * kPhaseSide + kTile;
constexpr int kStemFloats = kPhaseSide * kStemSide + kTile;

/// outputs[o][x] = bias[o] + sum over i of weights[o][i] * inputs[i][x] for one group of four outputs and one tile.
REELSWAP_FAST_LOOP
void MultiplyTile(const float* weights, const float* bias, const float* const* inputs, int input_count, int at,
                  bool clip, float* const* outputs) {
  Vector sums[kGroup][3];
  for (int o = 0; o < kGroup; ++o) {
    for (int v = 0; v < 3; ++v) sums[o][v] = bias[o] - Vector{};
  }
  for (int i = 0; i < input_count; ++i) {
    const float* input = inputs[i] + at;
    const Vector a = *reinterpret_cast<const Vector*>(input);
    const Vector b = *reinterpret_cast<const Vector*>(input + kLane);
    const Vector c = *reinterpret_cast<const Vector*>(input + 2 * kLane);
    const float* w = weights + kGroup * i;
    for (int o = 0; o < kGroup; ++o) {
      sums[o][0] += w[o] * a;
      sums[o][1] += w[o] * b;
      sums[o][2] += w[o] * c;
    }
  }
  for (int o = 0; o < kGroup; ++o) {
    for (int v = 0; v < 3; ++v) {
      const Vector sum = sums[o][v];
      *reinterpret_cast<Vector*>(outputs[o] + at + v * kLane) = clip ? (sum > 0.0f ? sum : Vector{}) : sum;
    }
  }
}

REELSWAP_FAST_LOOP
void ScaleAndClip(const float* from, float scale, float shift, int count, float* to) {
  for (int i = 0; i < count; ++i) to[i] = std::max(0.0f, from[i] * scale + shift);
}

/// Rounded up to whole cache lines, an odd number of them: planes then do not fall on the same cache sets.
int PlaneFloats(int floats) {
  const int lines = (floats + 15) / 16;
  return 16 * (lines | 1);
}

}  // namespace

PackedRows PackRows(std::span<const float> weights, std::span<const float> bias, std::span<const float> scale,
                    int inputs, int outputs) {
  const int filled = (outputs + kGroup - 1) / kGroup * kGroup;
  PackedRows rows{inputs, filled, std::vector<float>(static_cast<size_t>(inputs) * filled),
                  std::vector<float>(filled, 0.0f)};
  for (int o = 0; o < outputs; ++o) {
    const float factor = scale.empty() ? 1.0f : scale[o];
    if (!bias.empty()) rows.bias[o] = bias[o];
    for (int i = 0; i < inputs; ++i) {
      const size_t group = o / kGroup;
      rows.weights[(group * inputs + i) * kGroup + o % kGroup] = factor * weights[static_cast<size_t>(o) * inputs + i];
    }
  }
  return rows;
}

DenseNetRun::Planes::Planes(int side, int channels)
    : side(side),
      row_floats(side + 1),
      plane_floats(PlaneFloats((side + 2) * (side + 1) + 1 + kTile)),
      values(static_cast<size_t>(plane_floats) * channels, 0.0f) {}

void DenseNetRun::Planes::ZeroBorders(int channels) {
  for (int c = 0; c < channels; ++c) {
    float* p = plane(c);
    for (int y = 0; y < side; ++y) p[first() + y * row_floats + side] = 0;
    std::memset(p + first() + columns(), 0, sizeof(float) * row_floats);
  }
}

DenseNetRun::DenseNetRun(const DenseNetWeights& weights)
    : weights_(weights), phases_(size_t{12} * kPhaseFloats, 0.0f), stem_(size_t{kIdentityStem} * kStemFloats) {
  int side = (kStemSide + 1) / 2, channels = kIdentityStem;  // 38
  for (size_t b = 0; b < blocks_.size(); ++b) {
    Block& block = blocks_[b];
    block.channels_in = channels;
    channels += kIdentityGrowth * kIdentityBlocks[b];
    block.features = Planes(side, channels);
    block.activated = Planes(side, channels);
    block.neck = Planes(side, kIdentityNeck);
    if (b == 0) halved_ = Planes(side, 256);  // the largest side and more than the most channels of all three
    side /= 2;
    channels /= 2;
  }
}

/// inputs_ times `rows`, into planes of `to` from first_output on; `skip` floats into each of them.
void DenseNetRun::Multiply(const PackedRows& rows, bool clip, Planes& to, int first_output, int columns, int skip) {
  outputs_.resize(rows.outputs);
  for (int o = 0; o < rows.outputs; ++o) outputs_[o] = to.plane(first_output + o) + skip;
  for (int at = 0; at < columns; at += kTile) {
    for (int o = 0; o < rows.outputs; o += kGroup) {
      MultiplyTile(rows.weights.data() + static_cast<size_t>(o) * rows.inputs, rows.bias.data() + o, inputs_.data(),
                   rows.inputs, at, clip, outputs_.data() + o);
    }
  }
}

/// A convolution of stride 2 is one of stride 1 over the four pictures of even and odd rows and columns.
void DenseNetRun::Stem(const uint8_t* rgb) {
  const auto phase = [&](int colour, int y, int x) {  // y, x: parities
    return phases_.data() + static_cast<size_t>((colour * 2 + y) * 2 + x) * kPhaseFloats;
  };
  for (int y = 0; y < kIdentityChip; ++y) {
    const int row = y + kStemPad;
    for (int x = 0; x < kIdentityChip; ++x) {
      const int column = x + kStemPad;
      const int place = row / 2 * kPhaseSide + column / 2;
      for (int c = 0; c < 3; ++c) {
        const float value = static_cast<float>(rgb[(y * kIdentityChip + x) * 3 + c]);
        phase(c, row % 2, column % 2)[place] = (value - kMeanRgb[c]) * kColourScale;
      }
    }
  }
  inputs_.clear();
  for (int c = 0; c < 3; ++c) {
    for (int ky = 0; ky < kStemKernel; ++ky) {
      for (int kx = 0; kx < kStemKernel; ++kx) {
        inputs_.push_back(phase(c, ky % 2, kx % 2) + ky / 2 * kPhaseSide + kx / 2);
      }
    }
  }
  Planes convolved;  // borrows stem_: its rows are as long as those of the phases
  convolved.plane_floats = kStemFloats;
  convolved.values.swap(stem_);
  Multiply(weights_.stem, true, convolved, 0, kPhaseSide * kStemSide, 0);
  Planes& features = blocks_[0].features;
  for (int c = 0; c < kIdentityStem; ++c) {
    const float* from = convolved.plane(c);
    for (int y = 0; y < features.side; ++y) {
      float* to = features.plane(c) + features.first() + y * features.row_floats;
      for (int x = 0; x < features.side; ++x) {
        float most = 0;  // behind max(0, .), so nothing outside the picture can exceed it
        for (int sy = std::max(0, 2 * y - 1); sy < std::min(kStemSide, 2 * y + 2); ++sy) {
          for (int sx = std::max(0, 2 * x - 1); sx < std::min(kStemSide, 2 * x + 2); ++sx) {
            most = std::max(most, from[sy * kPhaseSide + sx]);
          }
        }
        to[x] = most;
      }
    }
  }
  convolved.values.swap(stem_);
}

void DenseNetRun::RunBlock(int index) {
  Block& block = blocks_[index];
  const int first = block.features.first(), columns = block.features.columns();
  int channels = block.channels_in;
  for (const DenseLayer& layer : weights_.blocks[index]) {
    inputs_.clear();
    for (int c = 0; c < channels; ++c) {
      float* to = block.activated.plane(c) + first;
      ScaleAndClip(block.features.plane(c) + first, layer.before.scale[c], layer.before.shift[c], columns, to);
      inputs_.push_back(to);
    }
    Multiply(layer.narrow, true, block.neck, 0, columns, first);
    block.neck.ZeroBorders(kIdentityNeck);
    inputs_.clear();
    for (int c = 0; c < kIdentityNeck; ++c) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          inputs_.push_back(block.neck.plane(c) + first + dy * block.neck.row_floats + dx);
        }
      }
    }
    Multiply(layer.grow, false, block.features, channels, columns, first);
    channels += kIdentityGrowth;
  }
}

void DenseNetRun::Transit(int index) {
  Block& block = blocks_[index];
  Planes& features = block.features;
  const DenseTransition& transition = weights_.transitions[index];
  const int first = features.first(), columns = features.columns();
  inputs_.clear();
  for (int c = 0; c < transition.halve.inputs; ++c) {
    float* to = block.activated.plane(c) + first;
    ScaleAndClip(features.plane(c) + first, transition.before.scale[c], transition.before.shift[c], columns, to);
    inputs_.push_back(to);
  }
  Multiply(transition.halve, false, halved_, 0, columns, 0);
  Planes& next = blocks_[index + 1].features;
  for (int c = 0; c < blocks_[index + 1].channels_in; ++c) {
    for (int y = 0; y < next.side; ++y) {
      const float* above = halved_.plane(c) + 2 * y * features.row_floats;
      const float* below = above + features.row_floats;
      float* to = next.plane(c) + next.first() + y * next.row_floats;
      for (int x = 0; x < next.side; ++x) {
        to[x] = (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) / 4;
      }
    }
  }
}

std::array<float, 128> DenseNetRun::operator()(const uint8_t* rgb) {
  Stem(rgb);
  for (int b = 0; b < 4; ++b) {
    RunBlock(b);
    if (b < 3) Transit(b);
  }
  Planes& features = blocks_.back().features;
  std::array<float, 128> answer{};
  for (size_t c = 0; c < weights_.last.scale.size(); ++c) {
    const float* plane = features.plane(static_cast<int>(c)) + features.first();
    float sum = 0;
    for (int y = 0; y < features.side; ++y) {
      for (int x = 0; x < features.side; ++x) {
        sum += std::max(0.0f, plane[y * features.row_floats + x] * weights_.last.scale[c] + weights_.last.shift[c]);
      }
    }
    const float mean = sum / static_cast<float>(features.side * features.side);
    for (size_t o = 0; o < answer.size(); ++o) answer[o] += mean * weights_.linear[c * 128 + o];
  }
  return answer;
}

}  // namespace reelswap
