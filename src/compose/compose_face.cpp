#include "compose/compose_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "compose/face_outline.h"

namespace reelswap {
namespace {

// Side of the grid, in crop space, on which colours are compared. Coarse on purpose: grain and
// pores are averaged away, shading and complexion remain.
constexpr int kColorGrid = 40;

void Check(const SwappedFace& swapped) {
  const cv::Mat& image = swapped.image;
  if (image.type() != CV_8UC3 || image.empty() || image.rows != image.cols) {
    throw std::invalid_argument("swapped face: a square CV_8UC3 picture expected");
  }
  if (!swapped.mask.empty() && (swapped.mask.type() != CV_8UC1 || swapped.mask.size() != image.size())) {
    throw std::invalid_argument("swapped face: its mask must be CV_8UC1 and of the picture's size");
  }
}

void Check(const ComposeOptions& options) {
  if (!(options.erosion >= 0) || !(options.feather >= 0)) {
    throw std::invalid_argument(
        fmt::format("erosion {} and feather {}: at least 0 expected", options.erosion, options.feather));
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
  return OutlineOfFace(swapped.face_from_frame, swapped.image.cols, landmarks, options.brow_raise);
}

// Grid pixel -> px of a picture `scale` times as large, centres on centres.
cv::Matx23f ScaledFromGrid(float scale) {
  const float shift = 0.5f * scale - 0.5f;
  return {scale, 0, shift, 0, scale, shift};
}

// Warps a crop (picture or mask) into roi. Shrinking averages first, so that small faces do not
// shimmer; enlarging interpolates cubically where it costs least, on the crop, and then linearly.
cv::Mat WarpToRegion(const cv::Mat& crop, const cv::Matx23f& face_from_frame, const cv::Rect& roi,
                     const cv::Scalar& outside, int border) {
  const cv::Matx23f& m = face_from_frame;
  const float crop_px_per_frame_px = std::sqrt(std::abs(m(0, 0) * m(1, 1) - m(0, 1) * m(1, 0)));
  const float side = static_cast<float>(crop.cols);
  cv::Mat source = crop;
  if (crop_px_per_frame_px > 1.25f) {
    const int shrunk = std::max(4, static_cast<int>(std::lround(side / crop_px_per_frame_px)));
    cv::resize(crop, source, cv::Size(shrunk, shrunk), 0, 0, cv::INTER_AREA);
  } else if (crop_px_per_frame_px < 0.8f) {
    const int factor = crop_px_per_frame_px < 0.25f ? 4 : 2;
    cv::resize(crop, source, crop.size() * factor, 0, 0, cv::INTER_CUBIC);
  }
  const cv::Matx23f source_from_crop = ScaledFromGrid(static_cast<float>(source.cols) / side);
  const cv::Matx23f frame_from_roi(1, 0, static_cast<float>(roi.x), 0, 1, static_cast<float>(roi.y));
  const cv::Matx23f source_from_roi = Chain(source_from_crop, Chain(face_from_frame, frame_from_roi));
  cv::Mat out;
  cv::warpAffine(source, out, source_from_roi, roi.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, border,
                 outside);
  return out;
}

// The original's pixels on the colour grid. Averages blocks of the frame first where a grid cell
// covers several pixels.
cv::Mat OriginalOnGrid(const cv::Mat& original_bgr, const cv::Rect& roi, const cv::Matx23f& frame_from_grid) {
  const float cell_px = std::hypot(frame_from_grid(0, 0), frame_from_grid(1, 0));
  const int block = std::clamp(static_cast<int>(cell_px), 1, std::min(roi.width, roi.height));
  const cv::Size blocks(roi.width / block, roi.height / block);
  cv::Mat averaged = original_bgr(cv::Rect(0, 0, blocks.width * block, blocks.height * block));
  if (block > 1) cv::resize(averaged, averaged, blocks, 0, 0, cv::INTER_AREA);
  const cv::Matx23f roi_from_frame(1, 0, -static_cast<float>(roi.x), 0, 1, -static_cast<float>(roi.y));
  const cv::Matx23f block_from_roi = ScaledFromGrid(1.0f / static_cast<float>(block));
  cv::Mat on_grid;
  cv::warpAffine(averaged, on_grid, Chain(block_from_roi, Chain(roi_from_frame, frame_from_grid)),
                 cv::Size(kColorGrid, kColorGrid), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REPLICATE);
  return on_grid;
}

// How much each grid point counts: the mask's inner part, as far as it lies in the picture.
cv::Mat ColorWeight(const FaceOutline& outline, const cv::Rect& roi, const SwappedFace& swapped,
                    const cv::Matx23f& frame_from_grid, const ComposeOptions& options) {
  const cv::Size grid(kColorGrid, kColorGrid);
  const float inner = (options.erosion + 0.5f * options.feather) * outline.face_width;
  const float ramp = std::max(1.0f, 0.5f * options.feather * outline.face_width);
  cv::Mat weight;
  DistanceInside(outline.corners, frame_from_grid, grid)
      .convertTo(weight, CV_8U, 255.0 / ramp, -255.0 * inner / ramp);
  const cv::Matx23f& m = frame_from_grid;
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      const float frame_x = m(0, 0) * x + m(0, 1) * y + m(0, 2);
      const float frame_y = m(1, 0) * x + m(1, 1) * y + m(1, 2);
      const bool seen = frame_x >= roi.x && frame_y >= roi.y && frame_x <= roi.x + roi.width - 1 &&
                        frame_y <= roi.y + roi.height - 1;
      if (!seen) weight.at<uchar>(y, x) = 0;
    }
  }
  if (!swapped.mask.empty()) {
    cv::Mat own;
    cv::resize(swapped.mask, own, grid, 0, 0, cv::INTER_AREA);
    cv::multiply(weight, own, weight, 1.0 / 255);
  }
  return weight;
}

ColorMatch MatchFor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                    const FaceOutline& outline, const ComposeOptions& options) {
  const float crop_px_per_cell = static_cast<float>(swapped.image.cols) / kColorGrid;
  const cv::Matx23f frame_from_grid =
      Chain(Inverted(swapped.face_from_frame), ScaledFromGrid(crop_px_per_cell));
  cv::Mat swapped_on_grid;
  cv::resize(swapped.image, swapped_on_grid, cv::Size(kColorGrid, kColorGrid), 0, 0, cv::INTER_AREA);
  return MeasureColorMatch(OriginalOnGrid(original_bgr, roi, frame_from_grid), swapped_on_grid,
                           ColorWeight(outline, roi, swapped, frame_from_grid, options));
}

FacePatch Patch(const cv::Rect& roi, const SwappedFace& swapped, const FaceOutline& outline,
                const ComposeOptions& options, const ColorMatch& match) {
  FacePatch patch;
  patch.roi = roi;
  patch.mask = FeatheredMask(outline.corners, roi, options.erosion * outline.face_width,
                             options.feather * outline.face_width);
  if (!swapped.mask.empty()) {
    const cv::Mat own =
        WarpToRegion(swapped.mask, swapped.face_from_frame, roi, cv::Scalar(0), cv::BORDER_CONSTANT);
    cv::multiply(patch.mask, own, patch.mask, 1.0 / 255);
  }
  // Colours are changed on the crop, whose size does not grow with the face.
  const cv::Mat image = match == ColorMatch{} ? swapped.image : ApplyColorMatch(swapped.image, match);
  patch.bgr = WarpToRegion(image, swapped.face_from_frame, roi, cv::Scalar(), cv::BORDER_REPLICATE);
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
  const ColorMatch match =
      options.color_match ? MatchFor(original_bgr, roi, swapped, outline, options) : ColorMatch{};
  return Patch(roi, swapped, outline, options, match);
}

ColorMatch MeasureFaceColor(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                            const Landmarks& landmarks, const ComposeOptions& options) {
  if (roi.empty()) return {};
  const FaceOutline outline = OutlineOf(swapped, landmarks, options);
  Check(original_bgr, roi);
  return MatchFor(original_bgr, roi, swapped, outline, options);
}

FacePatch ComposeFace(const cv::Mat& original_bgr, const cv::Rect& roi, const SwappedFace& swapped,
                      const Landmarks& landmarks, const ComposeOptions& options, const ColorMatch& match) {
  if (roi.empty()) return {};
  Check(original_bgr, roi);
  return Patch(roi, swapped, OutlineOf(swapped, landmarks, options), options, match);
}

}  // namespace reelswap
