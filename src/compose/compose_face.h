#pragma once

#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

struct ComposeOptions {
  float brow_raise = 0.5f;     ///< hull raised over the brows by this share of the eye-to-brow distance
  float erosion = 0.02f;       ///< hull shrunk by this share of the face's width
  float feather = 0.08f;       ///< width of the soft edge, share of the face's width
  bool color_match = true;     ///< mean and spread of the swapped face follow the original's (Lab)
};

/// A patch ready to be pasted into a frame.
struct FacePatch {
  cv::Rect roi;   ///< frame px, inside the frame; empty when the face lies outside
  cv::Mat bgr;    ///< roi's size, CV_8UC3
  cv::Mat mask;   ///< roi's size, CV_8UC1, 0 outside the feathered hull
};

/// The region of a frame that pasting this face can touch (crop square and hull, clipped to the frame).
cv::Rect FaceRegion(const SwappedFace& swapped, const Landmarks& landmarks, cv::Size frame_size);

/// Warps the swapped face back, matches its colour to the original under the mask and builds the
/// mask: hull of the 68 landmarks raised over the brows, cut to the crop square, eroded, feathered.
/// original_bgr: the frame's pixels in roi = FaceRegion(...), CV_8UC3. Thread-safe.
FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options = {});

}  // namespace reelswap
