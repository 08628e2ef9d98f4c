#pragma once

#include <opencv2/core.hpp>

#include "compose/color_transfer.h"
#include "core/faces.h"

namespace reelswap {

/// What of a face is replaced.
enum class MaskKind {
  kAuto,        ///< hull, times the model's own mask where there is one
  kHull,        ///< hull of the landmarks, raised over the brows
  kComponents,  ///< brows, eyes, nose, mouth and the skin between them: jaw line and cheeks stay
  kLearned      ///< the model's own mask, cut to the crop instead of the hull; the hull where there is none
};
enum class BlendMode {
  kAuto,       ///< chosen per track by seam; kFeather where nothing was chosen
  kFeather,    ///< alpha over the soft edge
  kMultiBand,  ///< Laplacian pyramid (Burt and Adelson 1983): coarse differences cross over wider edges than fine ones
  kPoisson     ///< gradients of the face inside, the frame at the border (Perez, Gangnet and Blake 2003)
};

/// Only SwappedFace::mask is a matter of MaskKind: what stands in front of a face (SwappedFace::unoccluded) stays in front.
/// Shares are of the face's width, which is measured as the square root of the hull's area.
struct ComposeOptions {
  MaskKind mask = MaskKind::kAuto;
  ColorMode color = ColorMode::kAverage;
  BlendMode blend = BlendMode::kFeather;
  float brow_raise = 0.7f;  ///< hull raised over the brows by this share of the eye-to-brow distance: brows must not show
  float erosion = 0.02f;    ///< hull shrunk by this share of the face's width
  float feather = 0.08f;    ///< width of the soft edge (inside the hull), share of the face's width
  bool sharpen = true;      ///< a face larger than the model's output is sharpened to its neighbourhood
  float opacity = 1;        ///< 0 .. 1, of the whole face
};

/// A patch ready to be pasted into a frame.
struct FacePatch {
  cv::Rect roi;  ///< frame px, inside the frame; empty when the face lies outside
  cv::Mat bgr;   ///< roi's size, CV_8UC3; the original's pixels where the mask is 0
  cv::Mat mask;  ///< roi's size, CV_8UC1, 0 outside the feathered outline, 255 inside: alpha of every blend
  float enlargement = 1;  ///< frame px per px of the model's output: above 1 the face is softer than the frame could show
};

/// How visible the paste's edge is: how much more luma and colour (levels, BT.601) step from the mask's 90 % out to its
/// 10 % in the result than at the same places in the original, where less is no seam and a step that was there before
/// hides a new one. Steps are averaged over stretches of the edge first, so texture does not count; 0 for an unchanged
/// picture, about the offset's size for a face that is evenly too bright. Places where the picture cuts the face off do
/// not count. All of roi's size (std::invalid_argument otherwise). Thread-safe.
double SeamScore(const cv::Mat& original_bgr, const cv::Mat& composed_bgr, const cv::Mat& mask);

/// The region of a frame that pasting this face can touch (crop square and hull, clipped to the
/// frame, on even coordinates so that subsampled chroma fits). Empty when the face lies outside or
/// covers less than a pixel. Pass the options that ComposeFace will get: mask and brow_raise shape it.
/// Throws std::invalid_argument for landmarks or a transform that are not finite or singular;
/// mirrored transforms are fine. Thread-safe.
cv::Rect FaceRegion(const SwappedFace& swapped, const Landmarks& landmarks, cv::Size frame_size,
                    const ComposeOptions& options = {});

/// Warps the swapped face back, gives it the frame's colours (measured under the mask) and its neighbourhood's sharpness,
/// blends it in and builds the mask: outline of options.mask, cut to the crop square, eroded, feathered, times the
/// model's own mask (kAuto, kLearned), what is not occluded, and the opacity. Everything but the last warp happens at the
/// crop's size, so a large face costs little more than a small one.
/// original_bgr: the frame's pixels in roi = FaceRegion(...), CV_8UC3. Returns an empty patch for an
/// empty roi. Throws std::invalid_argument when sizes, types or options do not fit. Thread-safe; the same
/// input gives the same bytes.
FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options = {});

/// The colours (and, with options.sharpen, the sharpening) that ComposeFace would use, for a caller that smooths them
/// over time (options.color; kAuto is kAverage). None for an empty roi.
FaceColor MeasureFaceColor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                           const Landmarks& landmarks, const ComposeOptions& options = {});

/// ComposeFace with given colours instead of measured ones (options.color is not looked at).
FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options, const FaceColor& color);

}  // namespace reelswap
