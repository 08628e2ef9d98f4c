#pragma once

#include <opencv2/core.hpp>

#include "compose/color_match.h"
#include "core/faces.h"

namespace reelswap {

/// Shares are of the face's width, which is measured as the square root of the hull's area.
struct ComposeOptions {
  float brow_raise = 0.5f;  ///< hull raised over the brows by this share of the eye-to-brow distance
  float erosion = 0.02f;    ///< hull shrunk by this share of the face's width
  float feather = 0.08f;    ///< width of the soft edge (inside the hull), share of the face's width
  bool color_match = true;  ///< mean and spread of the swapped face follow the original's (see ColorMatch)
};

/// A patch ready to be pasted into a frame.
struct FacePatch {
  cv::Rect roi;  ///< frame px, inside the frame; empty when the face lies outside
  cv::Mat bgr;   ///< roi's size, CV_8UC3
  cv::Mat mask;  ///< roi's size, CV_8UC1, 0 outside the feathered hull
};

/// The region of a frame that pasting this face can touch (crop square and hull, clipped to the
/// frame, on even coordinates so that subsampled chroma fits). Empty when the face lies outside or
/// covers less than a pixel. Pass the options that ComposeFace will get: brow_raise moves its top.
/// Throws std::invalid_argument for landmarks or a transform that are not finite or singular;
/// mirrored transforms are fine. Thread-safe.
cv::Rect FaceRegion(const SwappedFace& swapped, const Landmarks& landmarks, cv::Size frame_size,
                    const ComposeOptions& options = {});

/// Warps the swapped face back, matches its colour to the original under the mask and builds the
/// mask: hull of the 68 landmarks raised over the brows, cut to the crop square, eroded, feathered,
/// times the model's own mask where there is one.
/// original_bgr: the frame's pixels in roi = FaceRegion(...), CV_8UC3. Returns an empty patch for an
/// empty roi. Throws std::invalid_argument when sizes or types do not fit. Thread-safe; the same
/// input gives the same bytes.
FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options = {});

/// The colour match that ComposeFace would use; for a caller that smooths matches over time.
ColorMatch MeasureFaceColor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                            const Landmarks& landmarks, const ComposeOptions& options = {});

/// ComposeFace with a given match instead of a measured one (options.color_match is not looked at).
FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options, const ColorMatch& match);

}  // namespace reelswap
