#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "face/face_detector.h"
#include "pipeline/footage_trial.h"

namespace reelswap {

/// A face before its swap, as the comparison sees it: a stored crop and what was found in it.
struct FaceBefore {
  cv::Mat picture;      ///< crop of the stored geometry
  cv::Mat mask;         ///< of the face in it
  Landmarks landmarks;  ///< px in it, as the face was stored with
  cv::Rect2f box;       ///< px in it
  Landmarks found;      ///< px in it, found the way they will be found in the swapped picture
  HeadPose pose;        ///< from `found`; of use for differences only (the crop's camera is not the frame's)
  std::string source;   ///< neighbours in time have the same
  int64_t frame_index = 0;
  double seconds = 0;
};

/// Finds landmarks and pose; mask, found and pose are filled in. Thread rule of the detector's FindLandmarks.
FaceBefore LookAtFace(FaceBefore face, const FaceDetector& detector);

/// The same face after its swap.
struct FaceAfter {
  cv::Mat picture;  ///< the crop with the swapped face
  double pose_degrees = 0;
  double expression_percent = 0;
  std::optional<double> identity_to, identity_from;  ///< distances to the galleries
  std::optional<double> Margin() const {
    return identity_to && identity_from ? std::optional(*identity_from - *identity_to) : std::nullopt;
  }
};

/// Pose and expression of `picture` against the face before. Throws std::invalid_argument for another size.
FaceAfter CompareFace(const FaceBefore& before, cv::Mat picture, const FaceDetector& detector);

/// What the faces say together; identity_real is left empty.
FootageDirection SummariseFaces(const std::string& from, const std::string& to, const std::vector<FaceBefore>& before,
                                const std::vector<FaceAfter>& after);

}  // namespace reelswap
