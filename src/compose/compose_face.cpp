#include "compose/compose_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "compose/blend_correction.h"
#include "compose/face_grid.h"
#include "compose/face_outline.h"
#include "compose/face_warp.h"
#include "compose/sharpening.h"

namespace reelswap {
namespace {

// Sides of the grids, in crop space. Coarse on purpose: grain and pores are averaged away, shading and complexion remain.
constexpr int kColorGrid = 40;
constexpr int kBlendGrid = 64;
// Enlargement from which on the face is sharpened fully; between 1 and this by degrees, so that no frame jumps.
constexpr float kSharpenFully = 1.5f;

void Check(const SwappedFace& swapped) {
  const cv::Mat& image = swapped.image;
  if (image.type() != CV_8UC3 || image.empty() || image.rows != image.cols) {
    throw std::invalid_argument("swapped face: a square CV_8UC3 picture expected");
  }
  for (const cv::Mat* mask : {&swapped.mask, &swapped.unoccluded}) {
    if (!mask->empty() && (mask->type() != CV_8UC1 || mask->size() != image.size())) {
      throw std::invalid_argument("swapped face: its masks must be CV_8UC1 and of the picture's size");
    }
  }
}

void Check(const ComposeOptions& options) {
  if (!(options.erosion >= 0) || !(options.feather >= 0)) {
    throw std::invalid_argument(
        fmt::format("erosion {} and feather {}: at least 0 expected", options.erosion, options.feather));
  }
  if (!(options.opacity >= 0 && options.opacity <= 1)) {
    throw std::invalid_argument(fmt::format("opacity {}: 0 to 1 expected", options.opacity));
  }
}

void Check(const cv::Mat& original_bgr, const cv::Rect& roi) {
  if (original_bgr.type() != CV_8UC3 || original_bgr.size() != roi.size()) {
    throw std::invalid_argument(fmt::format("original: CV_8UC3 of {} x {} px expected, got {} x {}",
                                            roi.width, roi.height, original_bgr.cols, original_bgr.rows));
  }
}

FaceOutline OutlineOf(const SwappedFace& swapped, const Landmarks& landmarks, const ComposeOptions& options) {
  Check(swapped);
  Check(options);
  const OutlineShape shape = options.mask == MaskKind::kComponents ? OutlineShape::kInner
                             : options.mask == MaskKind::kLearned && !swapped.mask.empty() ? OutlineShape::kSquare
                                                                                           : OutlineShape::kHull;
  return OutlineOfFace(swapped.face_from_frame, swapped.image.cols, landmarks, options.brow_raise, shape,
                       options.erosion + 0.5f * options.feather);
}

// The masks that come with the face, at the crop's size; empty where all of it counts.
cv::Mat AlphaOf(const SwappedFace& swapped, const ComposeOptions& options) {
  const bool learned = options.mask == MaskKind::kAuto || options.mask == MaskKind::kLearned;
  if (!learned || swapped.mask.empty()) return swapped.unoccluded;
  if (swapped.unoccluded.empty()) return swapped.mask;
  cv::Mat both;
  cv::multiply(swapped.mask, swapped.unoccluded, both, 1.0 / 255);
  return both;
}

// How much each grid point counts for colours: the mask's inner part, as far as it lies in the picture.
cv::Mat ColorWeight(const FaceGrid& grid, const FaceOutline& outline, const cv::Mat& alpha,
                    const ComposeOptions& options) {
  const float inner = (options.erosion + 0.5f * options.feather) * outline.face_width;
  const float ramp = std::max(1.0f, 0.5f * options.feather * outline.face_width);
  cv::Mat weight;
  grid.distance.convertTo(weight, CV_8U, 255.0 / ramp, -255.0 * inner / ramp);
  cv::bitwise_and(weight, grid.seen, weight);
  if (!alpha.empty()) {
    cv::Mat own;
    cv::resize(alpha, own, weight.size(), 0, 0, cv::INTER_AREA);
    cv::multiply(weight, own, weight, 1.0 / 255);
  }
  return weight;
}

// From the middle of the crop, between eyes and mouth: the face's own detail, without its outline.
float SharpeningFor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped) {
  const float enlargement = 1 / CropPxPerFramePx(swapped.face_from_frame);
  if (!(enlargement > 1)) return 0;
  const int side = swapped.image.cols;
  const int window = std::min(48, side / 2), first = (side - window) / 2;
  const cv::Mat original =
      SampleInCrop(original_bgr, roi, swapped.face_from_frame,
                   {static_cast<float>(first), static_cast<float>(first)}, 1, window);
  const float strength = MeasureSharpening(original, swapped.image(cv::Rect(first, first, window, window)));
  return strength * std::min(1.0f, (enlargement - 1) / (kSharpenFully - 1));
}

FaceColor ColorFor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                   const FaceOutline& outline, const ComposeOptions& options) {
  FaceColor color{ColorMode::kNone, {0}};
  if (options.color != ColorMode::kNone) {
    const FaceGrid grid =
        PutOnGrid(original_bgr, roi, swapped.face_from_frame, swapped.image.cols, outline, kColorGrid, 0);
    cv::Mat swapped_on_grid;
    cv::resize(swapped.image, swapped_on_grid, grid.original.size(), 0, 0, cv::INTER_AREA);
    color = MeasureColor(options.color, grid.original, swapped_on_grid,
                         ColorWeight(grid, outline, AlphaOf(swapped, options), options));
  }
  if (options.sharpen) color.values[0] = SharpeningFor(original_bgr, roi, swapped);
  return color;
}

// The crop with what makes it blend, see BlendMode.
cv::Mat Blended(const cv::Mat& image, const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                const cv::Mat& alpha, const FaceOutline& outline, const ComposeOptions& options) {
  const float feather = std::max(1.0f, options.feather * outline.face_width);
  const float erosion = options.erosion * outline.face_width;
  const FaceGrid face = PutOnGrid(original_bgr, roi, swapped.face_from_frame, image.cols, outline, kBlendGrid, feather);
  BlendGrid grid;
  cv::Mat small, a, b;
  cv::resize(image, small, face.original.size(), 0, 0, cv::INTER_AREA);
  face.original.convertTo(a, CV_32F);
  small.convertTo(b, CV_32F);
  grid.difference = a - b;
  face.distance.convertTo(grid.depth, CV_32F, 1 / feather, -erosion / feather);
  grid.known = face.seen;
  if (!alpha.empty()) {
    cv::Mat open;
    cv::resize(alpha, open, face.seen.size(), 0, 0, cv::INTER_AREA);
    cv::min(open, face.seen, grid.known);
  }
  const cv::Mat correction =
      options.blend == BlendMode::kPoisson ? PoissonCorrection(grid) : MultiBandCorrection(grid);
  cv::Mat at_crop, out;
  cv::resize(correction, at_crop, image.size(), 0, 0, cv::INTER_LINEAR);
  cv::add(image, at_crop, out, cv::noArray(), CV_8U);
  return out;
}

void Dim(cv::Mat& mask, float opacity) {
  if (opacity < 1) mask.convertTo(mask, CV_8U, opacity);
}

FacePatch Patch(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                const FaceOutline& outline, const ComposeOptions& options, const FaceColor& color) {
  FacePatch patch;
  patch.roi = roi;
  patch.enlargement = 1 / CropPxPerFramePx(swapped.face_from_frame);
  cv::Mat mask = FeatheredMask(outline.corners, roi, options.erosion * outline.face_width,
                               options.feather * outline.face_width);
  Dim(mask, options.opacity);
  // Colours are changed on the crop, whose size does not grow with the face.
  const cv::Mat alpha = AlphaOf(swapped, options);
  cv::Mat image = ApplyColor(swapped.image, color);
  if (options.blend == BlendMode::kMultiBand || options.blend == BlendMode::kPoisson) {
    image = Blended(image, original_bgr, roi, swapped, alpha, outline, options);
  }
  if (options.sharpen && !color.values.empty()) image = Sharpened(image, color.values[0]);
  WarpedFace warped = WarpUnderMask(image, alpha, swapped.face_from_frame, roi, original_bgr, std::move(mask));
  patch.bgr = warped.bgr;
  patch.mask = warped.mask;
  return patch;
}

int ClampedFloor(float value, int limit) {
  return static_cast<int>(std::floor(std::clamp(value, 0.0f, static_cast<float>(limit))));
}

}  // namespace

cv::Rect FaceRegion(const SwappedFace& swapped, const Landmarks& landmarks, cv::Size frame_size,
                    const ComposeOptions& options) {
  const FaceOutline outline = OutlineOf(swapped, landmarks, options);
  if (outline.corners.empty() || frame_size.empty()) return {};
  cv::Point2f low = outline.corners[0], high = outline.corners[0];
  for (const cv::Point2f& p : outline.corners) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const bool outside = high.x < 0 || high.y < 0 || low.x > static_cast<float>(frame_size.width - 1) ||
                       low.y > static_cast<float>(frame_size.height - 1);
  if (outside) return {};
  // One pixel more on every side, so that the mask ends inside the region.
  const int left = ClampedFloor(low.x - 1, frame_size.width) & ~1;
  const int top = ClampedFloor(low.y - 1, frame_size.height) & ~1;
  const int right = std::min(frame_size.width, (ClampedFloor(high.x + 2, frame_size.width) + 1) & ~1);
  const int bottom = std::min(frame_size.height, (ClampedFloor(high.y + 2, frame_size.height) + 1) & ~1);
  if (right <= left || bottom <= top) return {};
  return {left, top, right - left, bottom - top};
}

FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options) {
  if (roi.empty()) return {};
  const FaceOutline outline = OutlineOf(swapped, landmarks, options);
  Check(original_bgr, roi);
  return Patch(original_bgr, roi, swapped, outline, options, ColorFor(original_bgr, roi, swapped, outline, options));
}

FaceColor MeasureFaceColor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                           const Landmarks& landmarks, const ComposeOptions& options) {
  if (roi.empty()) return {};
  const FaceOutline outline = OutlineOf(swapped, landmarks, options);
  Check(original_bgr, roi);
  return ColorFor(original_bgr, roi, swapped, outline, options);
}

FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options, const FaceColor& color) {
  if (roi.empty()) return {};
  Check(original_bgr, roi);
  return Patch(original_bgr, roi, swapped, OutlineOf(swapped, landmarks, options), options, color);
}

}  // namespace reelswap
