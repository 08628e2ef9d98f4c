#pragma once

// Private to src/face: the only way into dlib, whose headers cost twelve seconds a file.

#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "face/landmark_finder.h"

namespace reelswap {

/// One rank of a filter on one feature plane: the answer is the sum of its products with
/// column[m] * row[n] at cells (r + m, c + n).
struct SeparableFilter {
  int plane = 0;
  std::vector<float> row, column;
};

/// What dlib learned about frontal faces: one set of filters for each of five directions of view.
struct FaceFilters {
  struct View {
    std::vector<SeparableFilter> filters;
    float threshold = 0;
  };
  std::vector<View> views;
  int rows = 0, columns = 0;     ///< cells of 8 px that a filter covers
  double most_overlap = 0;       ///< of two answers, intersection over union; beyond it the weaker one is dropped
  double most_cover = 0;         ///< the same for the covered share of either
};
const FaceFilters& FrontalFaceFilters();

/// The cascade in a file that dlib's shape predictor wrote.
/// Throws Error(kMissingTool) when the file cannot be read as one with 68 points.
LandmarkCascade ReadLandmarkCascade(const std::string& path);

/// dlib's correlation tracker without its scale search: carries a box of fixed size. Not thread-safe.
class CorrelationFollower {
 public:
  /// Learns what is in `box` (px of gray, CV_8UC1).
  CorrelationFollower(const cv::Mat& gray, const cv::Rect2f& box);
  ~CorrelationFollower();

  struct Step {
    cv::Rect2f box;      ///< px of `gray`
    double certainty = 0;  ///< peak to side-lobe ratio; a good match is above 10, noise below 5
  };
  /// Finds it again near `guess` (px of `gray`, which may be cut from another place each time).
  Step Follow(const cv::Mat& gray, const cv::Rect2f& guess);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reelswap
