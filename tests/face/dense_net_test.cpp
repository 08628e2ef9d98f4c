#include "face/dense_net.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace reelswap {
namespace {

/// One picture as channels of side x side numbers, for arithmetic written as the textbook has it.
struct Maps {
  int side = 0;
  std::vector<std::vector<double>> channels;
  double At(size_t c, int y, int x) const {
    return y < 0 || x < 0 || y >= side || x >= side ? 0 : channels[c][static_cast<size_t>(y) * side + x];
  }
};

struct Filters {
  int kernel = 1;
  std::vector<float> weights, bias, scale;  // weights: [output][input][row][column]
};

Maps Convolve(const Maps& in, const Filters& filters, int stride, bool clip) {
  const int k = filters.kernel, pad = k / 2;
  Maps out{in.side / stride, {}};
  for (size_t o = 0; o < filters.bias.size(); ++o) {
    std::vector<double> map;
    for (int y = 0; y < out.side; ++y) {
      for (int x = 0; x < out.side; ++x) {
        double sum = 0;
        for (size_t c = 0; c < in.channels.size(); ++c) {
          for (int ky = 0; ky < k; ++ky) {
            for (int kx = 0; kx < k; ++kx) {
              sum += filters.weights[((o * in.channels.size() + c) * k + ky) * k + kx] *
                     in.At(c, y * stride + ky - pad, x * stride + kx - pad);
            }
          }
        }
        sum = (filters.scale.empty() ? 1.0 : filters.scale[o]) * sum + filters.bias[o];
        map.push_back(clip ? std::max(0.0, sum) : sum);
      }
    }
    out.channels.push_back(std::move(map));
  }
  return out;
}

Maps Activate(Maps maps, const ScaledRelu& scaled) {
  for (size_t c = 0; c < maps.channels.size(); ++c) {
    for (double& v : maps.channels[c]) v = std::max(0.0, v * scaled.scale[c] + scaled.shift[c]);
  }
  return maps;
}

/// kMean: 2 x 2 / 2. kMaximum: 3 x 3 / 2 with a border.
enum class Pool { kMean, kMaximum };
Maps Shrink(const Maps& in, Pool pool) {
  Maps out{pool == Pool::kMean ? in.side / 2 : (in.side + 1) / 2, {}};
  for (size_t c = 0; c < in.channels.size(); ++c) {
    std::vector<double> map;
    for (int y = 0; y < out.side; ++y) {
      for (int x = 0; x < out.side; ++x) {
        double sum = 0, most = 0;
        for (int dy = 0; dy < 2; ++dy) {
          for (int dx = 0; dx < 2; ++dx) sum += in.At(c, 2 * y + dy, 2 * x + dx);
        }
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) most = std::max(most, in.At(c, 2 * y + dy, 2 * x + dx));
        }
        map.push_back(pool == Pool::kMean ? sum / 4 : most);
      }
    }
    out.channels.push_back(std::move(map));
  }
  return out;
}

/// The network twice: packed for the fast path, and computed along the textbook while it is made up.
class MadeUpNetwork {
 public:
  explicit MadeUpNetwork(const std::vector<uint8_t>& rgb) {
    const double mean[3] = {122.782, 117.001, 104.298};
    Maps maps{kIdentityChip, std::vector<std::vector<double>>(3)};
    for (size_t i = 0; i < rgb.size(); ++i) maps.channels[i % 3].push_back((rgb[i] - mean[i % 3]) / 256);
    const Filters stem = MakeFilters(3, kIdentityStem, 7, true);
    weights.stem = Pack(stem, 3);
    maps = Shrink(Convolve(maps, stem, 2, true), Pool::kMaximum);
    for (size_t b = 0; b < 4; ++b) {
      for (int i = 0; i < kIdentityBlocks[b]; ++i) Grow(maps, weights.blocks[b].emplace_back());
      if (b < 3) Halve(maps, weights.transitions[b]);
    }
    weights.last = MakeScaled(maps.channels.size());
    maps = Activate(std::move(maps), weights.last);
    for (size_t c = 0; c < maps.channels.size(); ++c) {
      double sum = 0;
      for (const double v : maps.channels[c]) sum += v / (maps.side * maps.side);
      for (size_t o = 0; o < 128; ++o) {
        weights.linear.push_back(Random(0.3f));
        expected[o] += sum * weights.linear.back();
      }
    }
  }

  DenseNetWeights weights;
  std::array<double, 128> expected{};

 private:
  float Random(float range) { return std::uniform_real_distribution<float>(-range, range)(engine_); }

  ScaledRelu MakeScaled(size_t channels) {
    ScaledRelu scaled;
    for (size_t c = 0; c < channels; ++c) {
      scaled.scale.push_back(1 + Random(0.5f));
      scaled.shift.push_back(Random(0.5f));
    }
    return scaled;
  }

  Filters MakeFilters(int inputs, int outputs, int kernel, bool scaled) {
    Filters filters{kernel, {}, {}, {}};
    const int terms = inputs * kernel * kernel;
    const float range = 2.0f / std::sqrt(static_cast<float>(terms));  // keeps the numbers near 1 through 60 layers
    for (int i = 0; i < terms * outputs; ++i) filters.weights.push_back(Random(range));
    for (int o = 0; o < outputs; ++o) {
      filters.bias.push_back(Random(0.2f));
      if (scaled) filters.scale.push_back(1 + Random(0.3f));
    }
    return filters;
  }

  static PackedRows Pack(const Filters& filters, size_t inputs) {
    return PackRows(filters.weights, filters.bias, filters.scale,
                    static_cast<int>(inputs) * filters.kernel * filters.kernel, static_cast<int>(filters.bias.size()));
  }

  void Grow(Maps& maps, DenseLayer& layer) {
    const size_t channels = maps.channels.size();
    layer.before = MakeScaled(channels);
    const Filters narrow = MakeFilters(static_cast<int>(channels), kIdentityNeck, 1, true);
    const Filters grow = MakeFilters(kIdentityNeck, kIdentityGrowth, 3, false);
    layer.narrow = Pack(narrow, channels);
    layer.grow = Pack(grow, kIdentityNeck);
    for (auto& map : Convolve(Convolve(Activate(maps, layer.before), narrow, 1, true), grow, 1, false).channels) {
      maps.channels.push_back(std::move(map));
    }
  }

  void Halve(Maps& maps, DenseTransition& transition) {
    const size_t channels = maps.channels.size();
    transition.before = MakeScaled(channels);
    const Filters halve = MakeFilters(static_cast<int>(channels), static_cast<int>(channels / 2), 1, false);
    transition.halve = Pack(halve, channels);
    maps = Shrink(Convolve(Activate(std::move(maps), transition.before), halve, 1, false), Pool::kMean);
  }

  std::mt19937 engine_{5};
};

std::vector<uint8_t> Noise(unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<uint8_t> rgb(size_t{3} * kIdentityChip * kIdentityChip);
  for (uint8_t& v : rgb) v = static_cast<uint8_t>(engine());
  return rgb;
}

TEST(DenseNetRun, ComputesWhatTheTextbookSays) {
  const std::vector<uint8_t> picture = Noise(1);
  const MadeUpNetwork network(picture);
  DenseNetRun run(network.weights);
  const auto answer = run(picture.data());
  double largest = 0;
  for (const double v : network.expected) largest = std::max(largest, std::abs(v));
  ASSERT_GT(largest, 0.1);  // the made-up network did not die out
  // Floats through some sixty layers against doubles: 1e-4 of the largest number leaves a factor of ten.
  for (size_t i = 0; i < answer.size(); ++i) EXPECT_NEAR(answer[i], network.expected[i], 1e-4 * largest) << i;
}

TEST(DenseNetRun, RemembersNothingOfThePictureBefore) {
  const std::vector<uint8_t> first = Noise(1), second = Noise(2);
  const MadeUpNetwork network(first);
  DenseNetRun run(network.weights), fresh(network.weights);
  const auto once = run(first.data());
  const auto other = run(second.data());
  EXPECT_NE(once, other);
  EXPECT_EQ(other, fresh(second.data()));
  EXPECT_EQ(once, run(first.data()));
}

}  // namespace
}  // namespace reelswap
