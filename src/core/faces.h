#pragma once

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace reelswap {

inline constexpr int kLandmarkCount = 68;
using Landmarks = std::array<cv::Point2f, kLandmarkCount>;  ///< px in frame, iBUG 300-W order

struct DetectedFace {
  cv::Rect2f box;         ///< px in frame, may reach over the border
  float score = 0;        ///< detector's confidence; 0 = followed, not searched
  Landmarks landmarks{};  ///< px in frame
};

/// Head orientation in degrees. yaw > 0: the face turns to the picture's right; pitch > 0: it looks
/// up; roll > 0: the head tilts clockwise as seen in the picture.
struct HeadPose {
  float yaw = 0;
  float pitch = 0;
  float roll = 0;
};

/// How a crop is cut from a face. It travels in every face set and model file; two that differ do
/// not fit together. The mean face's 51 inner landmarks span the unit square.
struct CropGeometry {
  int size = 256;            ///< S: side of the crop, px
  float coverage = 1.6f;     ///< side of the crop in units of the mean-face square; 1.6 = 256 px around a 160 px square
  float shift_y = 0.0f;      ///< centre of the crop below the centre of the unit square, same units
  bool operator==(const CropGeometry&) const = default;
};

/// A face normalised by a similarity transform.
struct AlignedFace {
  cv::Mat image;                    ///< S x S, CV_8UC3 BGR
  cv::Matx23f face_from_frame;      ///< frame px -> crop px
  DetectedFace face;                ///< in frame px
  HeadPose pose;
  float sharpness = 0;              ///< variance of the Laplacian of the 8-bit gray inner face at 128 px
  int64_t frame_index = 0;          ///< in its source
  double seconds = 0;               ///< presentation time in its source
};

/// What the network gives back for one aligned face.
struct SwappedFace {
  cv::Mat image;                ///< S x S, CV_8UC3 BGR
  cv::Mat mask;                 ///< S x S, CV_8UC1, or empty where the model has no mask of its own
  cv::Matx23f face_from_frame;  ///< frame px -> px of image
  cv::Mat unoccluded{};         ///< S x S, CV_8UC1, 0 = something stands in front; empty = nothing does
};

}  // namespace reelswap
