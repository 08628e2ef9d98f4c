#pragma once

#include <array>
#include <string>

#include "compose/label.h"
#include "core/frame.h"

namespace reelswap {

enum class SideBySideLayout { kHorizontal, kVertical };

/// Format of the combined frame (two equal frames; chroma alignment kept for odd sizes).
/// Where chroma is subsampled along the layout's direction and the size is odd, each half is one
/// sample wider (higher); the added column (row) repeats the picture's last one.
FrameFormat SideBySideFormat(const FrameFormat& one, SideBySideLayout layout);

/// Combines the frames of one video; captions are rendered once. Thread-safe after construction.
class SideBySideComposer {
 public:
  /// An empty caption draws nothing. Throws std::invalid_argument on an empty format.
  /// corner: where in each half, away from other labels on the pictures.
  SideBySideComposer(const FrameFormat& one, SideBySideLayout layout, const std::string& first_caption,
                     const std::string& second_caption, Corner corner = Corner::kTopLeft);

  const FrameFormat& format() const { return combined_; }

  /// Both frames in the format given to the constructor (std::invalid_argument). The new frame owns
  /// its planes and carries first's index and pts.
  Frame Combine(const Frame& first, const Frame& second) const;

 private:
  FrameFormat one_;
  FrameFormat combined_;
  cv::Point second_at_;  // luma samples
  std::array<TextPatch, 2> captions_;
};

/// Puts two frames of equal format next to (or above) each other plane by plane, without any colour
/// conversion, each with its caption. Carries first's index and pts. Thread-safe. For a single
/// frame; SideBySideComposer does not render the captions anew for each.
Frame SideBySide(const Frame& first, const Frame& second, SideBySideLayout layout,
                 const std::string& first_caption, const std::string& second_caption);

/// The same for photos (CV_8UC3, equal sizes).
cv::Mat SideBySidePhotos(const cv::Mat& first, const cv::Mat& second, SideBySideLayout layout,
                         const std::string& first_caption, const std::string& second_caption,
                         Corner corner = Corner::kTopLeft);

}  // namespace reelswap
