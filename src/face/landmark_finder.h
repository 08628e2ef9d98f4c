#pragma once

// Private to src/face.

#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "core/faces.h"

namespace reelswap {

/// A cascade of regression trees as its weights file has it (Kazemi and Sullivan, CVPR 2014). Every level reads the
/// brightness of a set of px placed relative to the shape so far, sends differences of them down its trees, and
/// moves the shape by the sum of the leaves that are reached.
struct LandmarkCascade {
  /// To the left child where first - second > threshold.
  struct Split {
    uint16_t first = 0, second = 0;  ///< which of the level's px
    float threshold = 0;
  };
  struct Level {
    std::vector<uint16_t> anchors;     ///< the landmark each px is bound to
    std::vector<cv::Point2f> offsets;  ///< from it, in the mean shape's coordinates
    std::vector<Split> splits;         ///< tree by tree, (leaves - 1) each, children of i at 2 i + 1 and 2 i + 2
    std::vector<float> leaves;         ///< tree by tree, leaf by leaf: x and y of every landmark
  };
  std::vector<cv::Point2f> mean_shape;  ///< the face's box is the unit square
  int depth = 0;                        ///< splits from the root to a leaf, the same in every tree
  std::vector<Level> levels;
};

/// Fits 68 landmarks. The same answers as dlib's shape predictor but for rounding, of which this one does less: points
/// are not whole px. Takes a seventh to a tenth of dlib's time (leaves as 16-bit integers in one block, fetched ahead).
/// Thread-safe once made.
class LandmarkFinder {
 public:
  /// Reads the weights once per process and file; what was read is shared.
  /// Throws Error(kMissingTool) when the file is none of this kind with 68 points.
  static std::shared_ptr<const LandmarkFinder> Load(const std::string& path);
  /// Throws std::invalid_argument where the cascade contradicts itself.
  explicit LandmarkFinder(const LandmarkCascade& cascade);
  ~LandmarkFinder();

  /// gray: CV_8UC1; box in its px, may reach over the border (what lies there counts as black).
  Landmarks Find(const cv::Mat& gray, const cv::Rect2f& box) const;

  /// The box of which the mean shape would lie most like these landmarks: where the detector would see this face, without
  /// the detector's steps of 5 % of a face.
  cv::Rect2f BoxAround(const Landmarks& landmarks) const;

  /// How far the head is tilted in the picture, radians, > 0 clockwise as seen.
  float Roll(const Landmarks& landmarks) const;

  /// Root of the mean squared distance of the landmarks from the mean shape laid over them (shift, scale, turn), as a
  /// share of the box's side. Faces reach 0.08; points that were torn apart are beyond 0.12.
  float Strangeness(const Landmarks& landmarks) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace reelswap
