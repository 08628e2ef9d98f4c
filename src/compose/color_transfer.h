#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace reelswap {

/// How the swapped face takes on the colours of the frame. Light is added up as light: sRGB's curve is undone before
/// colours are averaged, and put back afterwards.
enum class ColorMode {
  kAuto,       ///< chosen per track by seam, see SeamScore; kAverage where nothing was chosen
  kNone,
  kAverage,    ///< a gain per channel, as another light or skin tone would; contrast within a tenth of the original's
  kReinhard,   ///< mean and spread in Lab (Reinhard 2001)
  kHistogram   ///< cumulative histograms, per channel
};

/// How a swapped face's colours become the frame's; neighbouring frames' may be averaged to keep a face from flickering.
struct FaceColor {
  ColorMode mode = ColorMode::kNone;
  /// Empty: nothing changes. Otherwise first how strongly the face is sharpened (0 = not at all), then of the mode:
  /// kAverage: contrast k and ln(gain) of blue, green, red: light' = gain * light^k, light 0 .. 1;
  /// kReinhard: gain and offset of L, a, b; kHistogram: 33 levels of blue, 33 of green, 33 of red, at 0, 8, .. 256.
  std::vector<float> values;
  bool operator==(const FaceColor&) const = default;
};

/// Weighted mean; all of one mode (std::invalid_argument otherwise, or when empty). Weights > 0.
FaceColor MeanColor(const std::vector<FaceColor>& colors, const std::vector<float>& weights);

/// The colours that make `swapped` look as `original` where `weight` says so; sharpening 0. Pictures CV_8UC3 BGR,
/// weight CV_8UC1 (0 = ignore), all of one size, coarse (some 40 px: grain averaged away, shading left). kAuto is
/// kAverage. With little weight (under 4 % of the samples) it fades to no change, so a face that leaves the picture does
/// not take on the colour of its last pixels. Throws std::invalid_argument for what does not fit. Thread-safe.
FaceColor MeasureColor(ColorMode mode, const cv::Mat& original, const cv::Mat& swapped, const cv::Mat& weight);

/// A new picture (CV_8UC3 BGR) in these colours, clipped to 0 .. 255; the picture itself where nothing changes.
/// Throws std::invalid_argument for another type or values that are not the mode's. Thread-safe.
cv::Mat ApplyColor(const cv::Mat& bgr, const FaceColor& color);

}  // namespace reelswap
