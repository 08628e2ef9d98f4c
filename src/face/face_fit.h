#pragma once

// Private to src/face.

#include <array>
#include <opencv2/core.hpp>

#include "core/faces.h"
#include "face/landmark_finder.h"

namespace reelswap {

/// The inner face, upright, 32 x 32 numbers with mean 0 and sum of squares 1: light and contrast do not count.
struct FacePatch {
  static constexpr int kSide = 32;
  std::array<float, kSide * kSide> values{};

  /// Correlation, -1 .. 1.
  float Likeness(const FacePatch& other) const;
  /// Becomes (1 - share) of itself and `share` of `other`, normalised again.
  void Mix(const FacePatch& other, float share);
};

/// Landmarks fitted in one picture.
struct FaceFit {
  Landmarks landmarks{};
  cv::Rect2f box;         ///< as it follows from the landmarks, px of the picture
  FacePatch patch;
  float roll = 0;         ///< LandmarkFinder::Roll
  float strangeness = 1;  ///< LandmarkFinder::Strangeness
  bool inside = false;    ///< at least half of the box is in the picture
};

/// Tilts from which on the picture is turned upright before anything is fitted or searched in it; radians.
inline constexpr float kTilted = 0.2f;

/// Fits landmarks twice, from `box` a little to the left and to the right, and takes the mean. roll: about how far the
/// head is tilted, as LandmarkFinder::Roll has it; the predictor alone copes with some 25 degrees. The box must have
/// an area and touch the picture (std::invalid_argument).
FaceFit FitFace(const LandmarkFinder& finder, const cv::Mat& luma, const cv::Rect2f& box, float roll = 0);

/// Could be the same face one frame later: overlap at least 0.25, sizes within a factor of 1.5.
bool SameFace(const cv::Rect2f& a, const cv::Rect2f& b);

/// Whether at least `share` of the box lies in the picture; false for boxes under 1 px, in which nothing can be fitted.
bool MostlyInside(const cv::Rect2f& box, cv::Size picture, float share);

}  // namespace reelswap
