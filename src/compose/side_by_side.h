#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compose/label.h"
#include "core/frame.h"
#include "core/frame_pool.h"

namespace reelswap {

enum class SideBySideLayout {
  kHorizontal,  ///< in a row
  kVertical,    ///< above each other
  kWipe,        ///< one picture: the original left of a divider that moves to and fro every 6 s, the result right of it
  kMask,        ///< a row of three: original, result, and the gray original with what was replaced as heat
  kCheckpoints  ///< the original and any number of results, in a row up to three pictures, else in a grid
};

/// Format of the combined frame (equal frames; chroma alignment kept for odd sizes). pictures: how many are shown, see
/// SideBySideComposer; kWipe has the size of one. Where chroma is subsampled along a direction with several pictures
/// and the size is odd, each picture is one sample wider (higher); the added column (row) repeats its last one.
FrameFormat SideBySideFormat(const FrameFormat& one, SideBySideLayout layout, int pictures = 2);

/// Combines the frames of one video plane by plane, without any colour conversion; captions are rendered once.
/// Thread-safe after construction.
class SideBySideComposer {
 public:
  /// captions: one for each picture shown, original first - two for kHorizontal, kVertical and kWipe, three for kMask,
  /// two or more for kCheckpoints (std::invalid_argument otherwise, and for an empty format). They are shrunk or cut
  /// to their picture's width; an empty one draws nothing.
  /// corner: where in each picture. kWipe puts the result's into the opposite corner of the same edge.
  /// label: where every result (not the original) carries a label, frame px; a caption that would lie on it moves to
  /// the other edge or is left out, and kWipe shows the result there all the time.
  SideBySideComposer(const FrameFormat& one, SideBySideLayout layout, const std::vector<std::string>& captions,
                     Corner corner = Corner::kTopLeft, const cv::Rect& label = {});
  /// Two pictures.
  SideBySideComposer(const FrameFormat& one, SideBySideLayout layout, const std::string& first_caption,
                     const std::string& second_caption, Corner corner = Corner::kTopLeft);

  const FrameFormat& format() const { return combined_; }
  /// How many frames Combine takes: as many as captions, but two for kMask.
  size_t frames() const { return layout_ == SideBySideLayout::kMask ? 2 : captions_.size(); }

  /// frames: original first, all in the format given to the constructor (std::invalid_argument). mask: what was
  /// replaced, CV_8UC1 of the frame's size, or empty for nothing; only kMask looks at it. seconds: the frame's time,
  /// where kWipe's divider is. The new frame owns its planes and carries the first's index and pts.
  Frame Combine(std::span<const Frame> frames, const cv::Mat& mask = {}, double seconds = 0) const;
  Frame Combine(const Frame& first, const Frame& second) const;

 private:
  /// One colour of the heat picture for each level of the mask, as samples of this format.
  struct Heat {
    std::array<std::array<int, 3>, 256> samples{};
  };

  void Wipe(Frame& combined, std::span<const Frame> frames, double seconds) const;
  void DrawHeat(Frame& combined, const Frame& original, const cv::Mat& mask) const;
  cv::Rect CellOf(size_t picture, int plane) const;

  FrameFormat one_;
  SideBySideLayout layout_;
  cv::Size grid_;  // pictures in a row, rows
  FrameFormat combined_;
  cv::Rect label_;
  std::vector<TextPatch> captions_;  // where they lie in the combined frame
  Heat heat_;
  std::shared_ptr<FramePool> pool_;  // shared by copies of the composer
};

/// Puts two frames of equal format next to (or above) each other, each with its caption. Carries
/// first's index and pts. Thread-safe. For a single frame; SideBySideComposer does not render the
/// captions anew for each.
Frame SideBySide(const Frame& first, const Frame& second, SideBySideLayout layout,
                 const std::string& first_caption, const std::string& second_caption);

/// The same for photos (CV_8UC3, equal sizes); kHorizontal or kVertical (std::invalid_argument).
cv::Mat SideBySidePhotos(const cv::Mat& first, const cv::Mat& second, SideBySideLayout layout,
                         const std::string& first_caption, const std::string& second_caption,
                         Corner corner = Corner::kTopLeft);

}  // namespace reelswap
