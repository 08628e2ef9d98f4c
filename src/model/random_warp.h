#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

/// A small counter-based generator: the numbers of a sample depend on its key alone, whatever
/// thread draws them and whatever was drawn before.
class SampleRandom {
 public:
  SampleRandom(uint64_t seed, uint64_t person, uint64_t iteration, uint64_t sample);
  uint64_t Next();
  /// In [low, high).
  double Uniform(double low, double high);
  /// Mean 0, standard deviation 1.
  double Normal();

 private:
  uint64_t state_;
};

/// Mixes numbers into one well-spread 64-bit key.
uint64_t MixKey(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);

/// How far training pictures are changed. Lengths in face units (the mean face's inner landmarks
/// span 1 x 1), so one setting serves every size and coverage.
struct WarpSettings {
  double rotation_degrees = 10;  ///< uniform in +-
  double zoom = 0.05;            ///< factor uniform in 1 +-
  double shift = 0.08;           ///< uniform in +- for x and y: 0.05 of a 256 px picture whose unit is 160 px
  double flip_probability = 0.5;  ///< left and right exchanged
  double jitter = 5.0 / 160.0;    ///< standard deviation of every warp node, in sides of the crop
};

inline constexpr int kWarpNodes = 5;  ///< nodes in x and y

/// One draw: a similarity of the whole picture, and the jitter of the 5 x 5 nodes.
struct WarpDraw {
  double angle = 0;  ///< radians
  double zoom = 1;
  cv::Point2d shift;  ///< face units
  bool flip = false;
  std::array<cv::Point2d, kWarpNodes * kWarpNodes> jitter{};  ///< sides of the crop, row by row
};
WarpDraw DrawWarp(SampleRandom& random, const WarpSettings& settings);

/// Where the regular grid's positions come from once the mean of the jitter is removed: the inverse of
/// the least-squares similarity (Umeyama 1991) that maps the jittered nodes onto the regular grid
/// over [0,1] x [0,1]. Identity without jitter.
cv::Matx23d WarpedFromTarget(const WarpDraw& draw);

/// Face units (origin in the middle of the unit square) -> px of a crop. Px 0 is the first pixel's centre.
cv::Matx23d CropFromUnit(const CropGeometry& geometry);

/// A stored crop resized from `stored.size` to `size` px: face units -> px of the resized picture.
cv::Matx23d ResizedFromUnit(const CropGeometry& stored, int size);

/// Cuts the network's input: picture (CV_8UC3, face units -> px by picture_from_unit) through the
/// similarity and the warped grid, interpolated once, borders replicated. CV_8UC3 of geometry.size.
cv::Mat CutWarped(const cv::Mat& picture, const cv::Matx23d& picture_from_unit, const CropGeometry& geometry,
                  const WarpDraw& draw);

/// Cuts the matching target: the same similarity, and WarpedFromTarget instead of the warp.
cv::Mat CutTarget(const cv::Mat& picture, const cv::Matx23d& picture_from_unit, const CropGeometry& geometry,
                  const WarpDraw& draw);

/// Changes a picture's light as another lamp or camera would: a gain per channel, uniform in 1 +- strength, and one
/// gamma, uniform in 1 +- 2 strength. CV_8UC3, in place; draws nothing at strength 0.
void JitterColors(SampleRandom& random, double strength, cv::Mat& picture);

}  // namespace reelswap
