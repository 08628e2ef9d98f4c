#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "core/faces.h"

namespace reelswap {

struct DetectorOptions {
  int min_size = 0;        ///< px, smallest box side that must be found; 0 = auto: max(48, picture height / 10)
  float threshold = 0.0f;  ///< HOG score; lower finds more and errs more
};

/// dlib's HOG face detector and 68-point shape predictor. HOG sees faces from 80 px at its own
/// scale, so the picture is resized by 80 / min_size (at most 2x up) before it is searched.
/// Not thread-safe: one per thread. Construction loads the predictor once per process (shared).
class FaceDetector {
 public:
  /// Throws Error(kMissingTool) naming the package when the landmark weights are not installed.
  explicit FaceDetector(const DetectorOptions& options = {});
  ~FaceDetector();
  FaceDetector(FaceDetector&&) noexcept;
  FaceDetector& operator=(FaceDetector&&) noexcept;

  /// luma: CV_8UC1, whole picture. Faces with landmarks in picture px, largest first.
  std::vector<DetectedFace> Detect(const cv::Mat& luma);
  /// The same for faces that lie in `part` of the picture (not empty, inside of it: std::invalid_argument).
  std::vector<DetectedFace> DetectIn(const cv::Mat& luma, const cv::Rect& part);
  /// Searches only around `last` (its box grown by half on every side), at a scale that suits its
  /// size and with a lower threshold. Best match first; empty when nothing is there.
  std::vector<DetectedFace> DetectNear(const cv::Mat& luma, const cv::Rect2f& last);
  /// 68 landmarks of the face in `box`.
  Landmarks FindLandmarks(const cv::Mat& luma, const cv::Rect2f& box) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where the landmark weights were found, or empty.
std::string LandmarkWeightsPath();
/// "19.24" and the like.
std::string DlibVersion();

}  // namespace reelswap
