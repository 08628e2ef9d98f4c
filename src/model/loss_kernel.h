#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace reelswap {

/// One person's side of a training step as it lies in memory, channels innermost everywhere.
struct LossSide {
  int64_t faces = 0;
  int side = 0;                     ///< px; a multiple of 4, at least 8 (see FusedLossFits)
  int channels = 3;                 ///< of the output: 3, or 4 with a mask of the network's own
  const float* logits32 = nullptr;  ///< faces x side x side x channels before the sigmoid: these or
  const uint16_t* logits16 = nullptr;  ///< those (bf16)
  const uint8_t* targets = nullptr;    ///< faces x side x side x 3
  const uint8_t* masks = nullptr;      ///< faces x side x side, or null
  const float* weights = nullptr;      ///< side x side, or null: all pixels alike
  double dssim_weight = 0;
  bool masked_loss = false;  ///< pixels outside the masks do not count, nor do they get a gradient
};

/// Windows of the structural similarity: 8, 16 and 32 px wide, at every half of their width. Small ones judge lashes
/// and skin, large ones where brows and mouth are: what matters first, when all is still a blur.
inline constexpr int kSimilarityScales = 3;
/// How many of them a picture of that side has (whole, evenly divided).
int SimilarityScales(int side);

/// Sums over the faces that the parts of the loss are divided by; small, computed once for a side.
struct LossDivisors {
  double weights = 0;         ///< over pixels
  std::array<double, kSimilarityScales> window_weights{};  ///< over the similarity's windows of each scale
  double mask = 0;            ///< over pixels
};
LossDivisors MeasureDivisors(const LossSide& side);

/// What one face adds.
struct FaceLoss {
  double loss = 0;
  double error = 0;  ///< mean absolute error's share
};

/// Loss of face `number` and its gradient with respect to the logits, written where the face's logits lie in an array
/// of the same layout and type (the other gradient pointer is null). The same loss as MeasureSide (loss.h), in two
/// passes over the face instead of some forty over the batch. Faces may be worked on in parallel.
FaceLoss MeasureFace(const LossSide& side, const LossDivisors& divisors, int64_t number, float* gradient32,
                     uint16_t* gradient16);

/// Whether pictures of this side can be measured here (whole 4 px blocks, at least one window).
bool FusedLossFits(int side);

/// What the mean squared error of the network's own mask counts beside the picture's loss.
inline constexpr double kMaskShare = 0.5;

}  // namespace reelswap
