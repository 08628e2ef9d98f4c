#pragma once

// Private to src/face: the identity network's arithmetic. It needs no BLAS, whose own threads get in the way of
// one-thread-a-face; measured on one core it takes a quarter of the time of dlib's layers over OpenBLAS.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace reelswap {

inline constexpr int kIdentityChip = 150;  ///< px, side of the picture the network takes
inline constexpr int kIdentityGrowth = 16;     ///< channels that a dense layer adds
inline constexpr int kIdentityNeck = 64;       ///< channels between a dense layer's two convolutions
inline constexpr int kIdentityStem = 32;       ///< channels behind the stem
inline constexpr std::array<int, 4> kIdentityBlocks{3, 6, 12, 8};  ///< dense layers of each block

/// y = weights * x + bias over rows of numbers. weights: packed in groups of four outputs, [group][input][4].
struct PackedRows {
  int inputs = 0;
  int outputs = 0;  ///< a multiple of four: rows of zeros fill the last group
  std::vector<float> weights;
  std::vector<float> bias;
};
/// weights: [output][input]. Outputs are multiplied by `scale` where it is not empty.
PackedRows PackRows(std::span<const float> weights, std::span<const float> bias, std::span<const float> scale,
                    int inputs, int outputs);

/// One factor and one summand per channel, then max(0, .).
struct ScaledRelu {
  std::vector<float> scale, shift;
};

struct DenseLayer {
  ScaledRelu before;
  PackedRows narrow;  ///< 1 x 1, channels -> neck, with the batch normalisation behind it folded in; then max(0, .)
  PackedRows grow;    ///< 3 x 3, inputs ordered [channel][row][column], neck -> growth
};
struct DenseTransition {
  ScaledRelu before;
  PackedRows halve;  ///< 1 x 1, to half of the channels; then the mean of 2 x 2
};

/// DenseNet: stem 7 x 7 / 2 and 3 x 3 / 2 maximum, four blocks with transitions between them, mean, linear layer.
struct DenseNetWeights {
  PackedRows stem;  ///< inputs ordered [colour][row][column], batch normalisation folded in; then max(0, .)
  std::array<std::vector<DenseLayer>, 4> blocks;
  std::array<DenseTransition, 3> transitions;
  ScaledRelu last;
  std::vector<float> linear;  ///< [channel][128]
};

/// Runs the network. Holds only memory to work in: one per thread; weights may be shared.
class DenseNetRun {
 public:
  explicit DenseNetRun(const DenseNetWeights& weights);
  /// rgb: 150 x 150 x 3, row by row, R G B. The same picture gives the same numbers on a given processor.
  std::array<float, 128> operator()(const uint8_t* rgb);

 private:
  /// Planes of one height and width in a row, each with a border of zeros that two rows may share.
  struct Planes {
    int side = 0;          ///< px
    int row_floats = 0;    ///< from a row to the next: side + 1
    int plane_floats = 0;  ///< from a plane to the next
    std::vector<float> values;
    Planes() = default;
    Planes(int side, int channels);
    int first() const { return 1 + row_floats; }  ///< index of the top left px in its plane
    int columns() const { return row_floats * side; }
    float* plane(int channel) { return values.data() + static_cast<size_t>(channel) * plane_floats; }
    void ZeroBorders(int channels);
  };
  struct Block {
    Planes features;   ///< grows layer by layer
    Planes activated;  ///< features after ScaledRelu
    Planes neck;
    int channels_in = 0;
  };

  void Stem(const uint8_t* rgb);
  void RunBlock(int index);
  void Transit(int index);
  void Multiply(const PackedRows& rows, bool clip, Planes& to, int first_output, int columns, int skip);

  const DenseNetWeights& weights_;
  std::vector<float> phases_;  ///< input: [colour][row parity][column parity] planes
  std::vector<float> stem_;    ///< [channel] planes of the stem's convolution
  std::array<Block, 4> blocks_;
  Planes halved_;
  std::vector<const float*> inputs_;  ///< of the multiplication at hand
  std::vector<float*> outputs_;
};

}  // namespace reelswap
