#include "model/loss_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/bf16.h"

namespace reelswap {
namespace {

constexpr int kBlock = 4;  // px: windows are 8 px wide and start at every fourth, so blocks of 4 tile them
constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;  // of the structural similarity, for values in [0,1]

/// e^-z with a relative error below 3e-7, from bits and a polynomial (Taylor of 2^f on [-1/2, 1/2]).
REELSWAP_INLINE float ExpOfNegative(float z) {
  const float t = std::min(std::max(z, -60.0f), 60.0f) * -1.44269504f;
  const float whole = std::floor(t + 0.5f);
  const float f = t - whole;
  const float power =
      1.0f +
      f * (0.69314718f +
           f * (0.24022651f + f * (0.05550411f + f * (0.00961813f + f * (0.00133336f + f * 0.00015469f)))));
  return power * std::bit_cast<float>((static_cast<int32_t>(whole) + 127) << 23);
}

REELSWAP_VECTORISED
void SigmoidOf32(const float* __restrict logits, float* __restrict x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = 1.0f / (1.0f + ExpOfNegative(logits[i]));
}

REELSWAP_VECTORISED
void SigmoidOf16(const uint16_t* __restrict logits, float* __restrict x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = 1.0f / (1.0f + ExpOfNegative(FromBf16(logits[i])));
}

/// Sums of a row of values into columns: x, y, x^2 + y^2, x y.
REELSWAP_VECTORISED
void AddRow(const float* __restrict x, const float* __restrict y, float* __restrict sx, float* __restrict sy,
            float* __restrict sq, float* __restrict sxy, int n) {
  for (int i = 0; i < n; ++i) {
    sx[i] += x[i];
    sy[i] += y[i];
    sq[i] += x[i] * x[i] + y[i] * y[i];
    sxy[i] += x[i] * y[i];
  }
}

/// Gradient of one row. l1: weight of the absolute error; square: of the squared one (the mask's channel); the
/// similarity is taken of s = y + counted (x - y), d(similarity loss)/ds = a + b s + c y.
REELSWAP_VECTORISED
void RowGradient(const float* __restrict x, const float* __restrict y, const float* __restrict l1,
                 const float* __restrict square, const float* __restrict a, const float* __restrict b,
                 const float* __restrict c, const float* __restrict counted, float* __restrict gradient, int n) {
  for (int i = 0; i < n; ++i) {
    const float d = x[i] - y[i];
    const float s = y[i] + counted[i] * d;
    const float sign = d > 0 ? 1.0f : d < 0 ? -1.0f : 0.0f;
    const float slope = l1[i] * sign + square[i] * d + counted[i] * (a[i] + b[i] * s + c[i] * y[i]);
    gradient[i] = slope * x[i] * (1.0f - x[i]);
  }
}

/// s = y + counted (x - y): what lies outside the mask is taken as right.
REELSWAP_VECTORISED
void CountedRow(const float* __restrict x, const float* __restrict y, const float* __restrict counted,
                float* __restrict s, int n) {
  for (int i = 0; i < n; ++i) s[i] = y[i] + counted[i] * (x[i] - y[i]);
}

REELSWAP_VECTORISED
void RoundRow(const float* __restrict from, uint16_t* __restrict to, int n) {
  for (int i = 0; i < n; ++i) to[i] = ToBf16(from[i]);
}

/// Sum of factor x |x - y| and of square x (x - y)^2 / 2 over a row.
REELSWAP_VECTORISED
void RowErrors(const float* __restrict x, const float* __restrict y, const float* __restrict l1,
               const float* __restrict square, float* __restrict sums, int n) {
  for (int i = 0; i < n; ++i) {
    const float d = x[i] - y[i];
    sums[i] += l1[i] * std::fabs(d) + 0.5f * square[i] * d * d;
  }
}

/// How much pixel (row, column) of a face counts.
class PixelWeights {
 public:
  PixelWeights(const LossSide& side, int64_t number)
      : side_(side.side),
        weights_(side.weights),
        mask_(side.masked_loss && side.masks != nullptr
                  ? side.masks + number * int64_t{side.side} * side.side
                  : nullptr) {}
  bool uniform() const { return weights_ == nullptr && mask_ == nullptr; }
  float At(int y, int x) const {
    const int i = y * side_ + x;
    return (weights_ != nullptr ? weights_[i] : 1.0f) *
           (mask_ != nullptr ? static_cast<float>(mask_[i]) * (1.0f / 255.0f) : 1.0f);
  }
  /// Sum over every block, row by row.
  std::vector<float> BlockSums() const {
    const int blocks = side_ / kBlock;
    std::vector<float> sums(static_cast<size_t>(blocks) * blocks, uniform() ? 1.0f * kBlock * kBlock : 0.0f);
    if (uniform()) return sums;
    for (int y = 0; y < side_; ++y) {
      for (int x = 0; x < side_; ++x) sums[(y / kBlock) * blocks + x / kBlock] += At(y, x);
    }
    return sums;
  }

 private:
  int side_;
  const float* weights_;
  const uint8_t* mask_;
};

/// Sums over 2 x 2 neighbours, channels innermost: blocks of twice the side.
std::vector<float> Coarser(const std::vector<float>& fine, int blocks, int channels) {
  const int half = blocks / 2;
  std::vector<float> coarse(static_cast<size_t>(half) * half * channels);
  for (int y = 0; y < half; ++y) {
    for (int x = 0; x < half; ++x) {
      for (int c = 0; c < channels; ++c) {
        const float* at = fine.data() + (static_cast<size_t>(2 * y) * blocks + 2 * x) * channels + c;
        const size_t down = static_cast<size_t>(blocks) * channels;
        coarse[(static_cast<size_t>(y) * half + x) * channels + c] =
            at[0] + at[channels] + at[down] + at[down + channels];
      }
    }
  }
  return coarse;
}

/// Mean weight of the pixels in the window whose upper left block is this one.
float WindowWeight(const std::vector<float>& sums, int blocks, int row, int column, float area) {
  const float* at = sums.data() + row * blocks + column;
  return (at[0] + at[1] + at[blocks] + at[blocks + 1]) / area;
}

/// Block sums of one scale and what the similarity's windows there say about them.
struct Scale {
  int blocks = 0;                       ///< a side
  float window_area = 0;                ///< px
  std::vector<float> x, y, q, xy;       ///< sums of x, y, x^2 + y^2 and x y over blocks, channels innermost
  std::vector<float> a, b, c;           ///< d(loss)/d(pixel of x) = a + b x + c y
  std::vector<float> weights;           ///< sums over blocks

  Scale Next(int channels) const {
    Scale next;
    next.blocks = blocks / 2;
    next.window_area = 4 * window_area;
    next.x = Coarser(x, blocks, channels);
    next.y = Coarser(y, blocks, channels);
    next.q = Coarser(q, blocks, channels);
    next.xy = Coarser(xy, blocks, channels);
    next.weights = Coarser(weights, blocks, 1);
    return next;
  }
};

/// Everything about one face between the passes. Arrays of a thread are reused from face to face.
class FaceWork {
 public:
  FaceLoss Measure(const LossSide& side, const LossDivisors& divisors, int64_t number, float* gradient32,
                   uint16_t* gradient16) {
    side_ = side.side;
    channels_ = side.channels;
    row_ = side_ * channels_;
    blocks_ = side_ / kBlock;
    Load(side, number);
    const PixelWeights weights(side, number);
    FaceLoss face;
    if (side.dssim_weight > 0) {
      face.loss += CompareScales(weights, divisors, side, MaskOf(side, number));
    }
    Gradients(side, divisors, number, weights, face, gradient32, gradient16);
    return face;
  }

 private:
  void Load(const LossSide& side, int64_t number) {
    const int64_t count = int64_t{row_} * side_, pixels = int64_t{side_} * side_;
    x_.resize(count);
    y_.resize(count);
    if (side.logits16 != nullptr) {
      SigmoidOf16(side.logits16 + number * count, x_.data(), count);
    } else {
      SigmoidOf32(side.logits32 + number * count, x_.data(), count);
    }
    const uint8_t* target = side.targets + number * pixels * 3;
    const uint8_t* mask = side.masks != nullptr ? side.masks + number * pixels : nullptr;
    constexpr float kScale = 1.0f / 255.0f;
    if (channels_ == 3) {
      for (int64_t i = 0; i < count; ++i) y_[i] = static_cast<float>(target[i]) * kScale;
      return;
    }
    for (int64_t i = 0; i < pixels; ++i) {
      for (int c = 0; c < 3; ++c) y_[i * 4 + c] = static_cast<float>(target[i * 3 + c]) * kScale;
      y_[i * 4 + 3] = mask != nullptr ? static_cast<float>(mask[i]) * kScale : 0.0f;
    }
  }

  /// The finest scale's sums.
  Scale SumBlocks(const PixelWeights& weights, const uint8_t* mask) const {
    std::vector<float> seen(mask != nullptr ? static_cast<size_t>(row_) : 0), counted(seen.size());
    Scale scale;
    scale.blocks = blocks_;
    scale.window_area = 4.0f * kBlock * kBlock;
    scale.weights = weights.BlockSums();
    const size_t n = static_cast<size_t>(blocks_) * blocks_ * channels_;
    for (std::vector<float>* sums : {&scale.x, &scale.y, &scale.q, &scale.xy}) sums->assign(n, 0.0f);
    std::vector<float> columns(static_cast<size_t>(row_) * 4);
    float* sx = columns.data();
    float *sy = sx + row_, *sq = sy + row_, *sxy = sq + row_;
    for (int block_row = 0; block_row < blocks_; ++block_row) {
      std::fill(columns.begin(), columns.end(), 0.0f);
      for (int y = block_row * kBlock; y < (block_row + 1) * kBlock; ++y) {
        const float* x = x_.data() + int64_t{y} * row_;
        if (mask != nullptr) {
          CountInside(mask + int64_t{y} * side_, counted.data());
          CountedRow(x, y_.data() + int64_t{y} * row_, counted.data(), seen.data(), row_);
          x = seen.data();
        }
        AddRow(x, y_.data() + int64_t{y} * row_, sx, sy, sq, sxy, row_);
      }
      const size_t first = static_cast<size_t>(block_row) * blocks_ * channels_;
      for (int i = 0; i < row_; ++i) {
        const size_t at = first + static_cast<size_t>(i / (kBlock * channels_)) * channels_ + i % channels_;
        scale.x[at] += sx[i];
        scale.y[at] += sy[i];
        scale.q[at] += sq[i];
        scale.xy[at] += sxy[i];
      }
    }
    return scale;
  }

  /// The similarity's part of the loss: the mean over the scales. Leaves its slopes by finest block in slopes_.
  double CompareScales(const PixelWeights& weights, const LossDivisors& divisors, const LossSide& side,
                       const uint8_t* mask) {
    const int count = SimilarityScales(side_);
    std::vector<Scale> scales;
    double loss = 0;
    for (int i = 0; i < count; ++i) {
      scales.push_back(i == 0 ? SumBlocks(weights, mask) : scales.back().Next(channels_));
      const double factor = 0.5 * side.dssim_weight / (3.0 * count * std::max(divisors.window_weights[i], 1e-6));
      loss += CompareWindows(scales.back(), factor);
    }
    for (int i = count - 1; i > 0; --i) AddToFiner(scales[i], scales[i - 1]);
    slopes_ = std::move(scales.front());
    return loss;
  }

  /// One scale: 1 - similarity, times `factor`; a face's share of the 1 is its windows' weights, which over all faces
  /// add up to the divisor.
  double CompareWindows(Scale& scale, double factor) const {
    for (std::vector<float>* slopes : {&scale.a, &scale.b, &scale.c}) slopes->assign(scale.x.size(), 0.0f);
    double weight_sum = 0, similarity_sum = 0;
    for (int row = 0; row + 1 < scale.blocks; ++row) {
      for (int column = 0; column + 1 < scale.blocks; ++column) {
        const float weight = WindowWeight(scale.weights, scale.blocks, row, column, scale.window_area);
        weight_sum += weight;
        for (int c = 0; c < 3; ++c) {
          similarity_sum += weight * CompareWindow(scale, row, column, c, static_cast<float>(weight * factor));
        }
      }
    }
    return factor * (3.0 * weight_sum - similarity_sum);
  }

  float CompareWindow(Scale& scale, int row, int column, int channel, float factor) const {
    const size_t down = static_cast<size_t>(scale.blocks) * channels_, right = static_cast<size_t>(channels_);
    const size_t first = row * down + column * right + channel;
    const auto mean = [&](const std::vector<float>& b) {
      return (b[first] + b[first + right] + b[first + down] + b[first + down + right]) / scale.window_area;
    };
    const float mx = mean(scale.x), my = mean(scale.y), q = mean(scale.q), mxy = mean(scale.xy);
    const float squares = mx * mx + my * my;
    const float n1 = 2 * mx * my + kC1, n2 = 2 * (mxy - mx * my) + kC2;
    const float d1 = squares + kC1, d2 = q - squares + kC2;
    const float similarity = n1 * n2 / (d1 * d2);
    const float by_mx = (2 * my * (n2 - n1) - similarity * 2 * mx * (d2 - d1)) / (d1 * d2);
    const float by_q = -similarity / d2;
    const float by_mxy = 2 * n1 / (d1 * d2);
    const float k = -factor / scale.window_area;
    for (const size_t at : {first, first + right, first + down, first + down + right}) {
      scale.a[at] += k * by_mx;
      scale.b[at] += k * 2 * by_q;
      scale.c[at] += k * by_mxy;
    }
    return similarity;
  }

  /// Every pixel of a coarse block lies in one of its four finer ones.
  void AddToFiner(const Scale& coarse, Scale& fine) const {
    for (int y = 0; y < 2 * coarse.blocks; ++y) {
      for (int x = 0; x < 2 * coarse.blocks; ++x) {
        const size_t from = (static_cast<size_t>(y / 2) * coarse.blocks + x / 2) * channels_;
        const size_t to = (static_cast<size_t>(y) * fine.blocks + x) * channels_;
        for (int c = 0; c < 3; ++c) {
          fine.a[to + c] += coarse.a[from + c];
          fine.b[to + c] += coarse.b[from + c];
          fine.c[to + c] += coarse.c[from + c];
        }
      }
    }
  }

  void Gradients(const LossSide& side, const LossDivisors& divisors, int64_t number, const PixelWeights& weights,
                 FaceLoss& face, float* gradient32, uint16_t* gradient16) {
    const bool similar = side.dssim_weight > 0;
    const float per_weight = static_cast<float>(1.0 / (3.0 * std::max(divisors.weights, 1e-6)));
    const double pixels = static_cast<double>(side.faces) * side_ * side_;
    const float mask_factor =
        channels_ == 4 && side.masks != nullptr ? static_cast<float>(2.0 * kMaskShare / pixels) : 0.0f;
    const uint8_t* mask = MaskOf(side, number);
    const double error_scale = mask != nullptr ? 1.0 / (3.0 * std::max(divisors.mask, 1e-6)) : 1.0 / (3.0 * pixels);

    std::vector<float> lines(static_cast<size_t>(row_) * 9, 0.0f);
    float* l1 = lines.data();
    float *square = l1 + row_, *a = square + row_, *b = a + row_, *c = b + row_, *gradient = c + row_;
    float *loss_sums = gradient + row_, *counted = loss_sums + row_, *error_sums = counted + row_;
    for (int i = 3; i < row_ && channels_ == 4; i += 4) square[i] = mask_factor;
    for (int y = 0; y < side_; ++y) {
      if (y == 0 || !weights.uniform()) {
        for (int x = 0; x < side_; ++x) {
          const float weight = per_weight * weights.At(y, x);
          const float counts = mask != nullptr ? static_cast<float>(mask[y * side_ + x]) * (1.0f / 255.0f) : 1.0f;
          for (int k = 0; k < 3; ++k) {
            l1[x * channels_ + k] = weight;
            counted[x * channels_ + k] = counts;
          }
        }
      }
      if (similar && y % kBlock == 0) SpreadBlocks(y / kBlock, a, b, c);
      const float* px = x_.data() + int64_t{y} * row_;
      const float* py = y_.data() + int64_t{y} * row_;
      RowErrors(px, py, l1, square, loss_sums, row_);
      RowErrors(px, py, counted, zeros_.data(), error_sums, row_);
      const int64_t at = (number * side_ + y) * row_;
      float* out = gradient32 != nullptr ? gradient32 + at : gradient;
      RowGradient(px, py, l1, square, a, b, c, counted, out, row_);
      if (gradient16 != nullptr) RoundRow(out, gradient16 + at, row_);
    }
    for (int i = 0; i < row_; ++i) {
      face.loss += loss_sums[i];
      face.error += error_sums[i] * error_scale;
    }
  }

  /// The mask that the loss is limited to, or null.
  static const uint8_t* MaskOf(const LossSide& side, int64_t number) {
    return side.masked_loss && side.masks != nullptr ? side.masks + number * int64_t{side.side} * side.side : nullptr;
  }

  /// A row of the mask for the picture's channels; the mask's own channel does not count.
  void CountInside(const uint8_t* mask_row, float* counted) const {
    for (int x = 0; x < side_; ++x) {
      for (int k = 0; k < 3; ++k) counted[x * channels_ + k] = static_cast<float>(mask_row[x]) * (1.0f / 255.0f);
    }
  }

  /// The slopes of a row of blocks, repeated for each of their pixels.
  void SpreadBlocks(int block_row, float* a, float* b, float* c) const {
    const size_t first = static_cast<size_t>(block_row) * blocks_ * channels_;
    for (int x = 0; x < side_; ++x) {
      for (int k = 0; k < 3; ++k) {
        const size_t from = first + static_cast<size_t>(x / kBlock) * channels_ + k;
        const int to = x * channels_ + k;
        a[to] = slopes_.a[from];
        b[to] = slopes_.b[from];
        c[to] = slopes_.c[from];
      }
    }
  }

  int side_ = 0, channels_ = 3, row_ = 0, blocks_ = 0;
  std::vector<float> x_, y_;  ///< output after the sigmoid and target (with the mask), channels innermost
  Scale slopes_;              ///< of the similarity, all scales together
  std::vector<float> zeros_ = std::vector<float>(4 * 4096, 0.0f);
};

}  // namespace

int SimilarityScales(int side) {
  int scales = 0;
  for (int blocks = side / kBlock; scales < kSimilarityScales && blocks >= 2; blocks /= 2) {
    ++scales;
    if (blocks % 2 != 0) break;  // its blocks do not pair up into larger ones
  }
  return scales;
}

bool FusedLossFits(int side) { return side >= 2 * kBlock && side % kBlock == 0 && side <= 4096; }

LossDivisors MeasureDivisors(const LossSide& side) {
  LossDivisors divisors;
  const bool same_for_all = !(side.masked_loss && side.masks != nullptr);
  const int64_t different = same_for_all ? std::min<int64_t>(1, side.faces) : side.faces;
  for (int64_t i = 0; i < different; ++i) {
    const PixelWeights weights(side, i);
    std::vector<float> sums = weights.BlockSums();
    for (const float sum : sums) divisors.weights += sum;
    float area = 4.0f * kBlock * kBlock;
    for (int scale = 0, blocks = side.side / kBlock; scale < SimilarityScales(side.side); ++scale) {
      for (int row = 0; row + 1 < blocks; ++row) {
        for (int column = 0; column + 1 < blocks; ++column) {
          divisors.window_weights[scale] += WindowWeight(sums, blocks, row, column, area);
        }
      }
      sums = Coarser(sums, blocks, 1);
      blocks /= 2;
      area *= 4;
    }
    if (same_for_all) continue;
    const uint8_t* mask = side.masks + i * int64_t{side.side} * side.side;
    int64_t sum = 0;
    for (int64_t p = 0; p < int64_t{side.side} * side.side; ++p) sum += mask[p];
    divisors.mask += static_cast<double>(sum) / 255.0;
  }
  if (same_for_all) {
    divisors.weights *= static_cast<double>(side.faces);
    for (double& weights : divisors.window_weights) weights *= static_cast<double>(side.faces);
  }
  return divisors;
}

FaceLoss MeasureFace(const LossSide& side, const LossDivisors& divisors, int64_t number, float* gradient32,
                     uint16_t* gradient16) {
  thread_local FaceWork work;
  return work.Measure(side, divisors, number, gradient32, gradient16);
}

}  // namespace reelswap
