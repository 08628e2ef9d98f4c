#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compose/label.h"
#include "compose/side_by_side.h"
#include "config/project.h"
#include "core/faces.h"
#include "core/frame.h"
#include "disclose/marks.h"
#include "model/face_swapper.h"

namespace reelswap {

/// Puts swapped faces into pictures and the visible label on them: what videos and photos share.
/// Thread-safe after construction.
class FaceReplacement {
 public:
  /// `swapper` outlives this object.
  FaceReplacement(const FaceSwapper& swapper, std::string person) : swapper_(swapper), person_(std::move(person)) {}

  const CropGeometry& crop() const { return swapper_.info().input; }

  /// Faces through the person's decoder, with the transforms of their larger crops.
  std::vector<SwappedFace> Swap(const std::vector<const AlignedFace*>& faces) const;

  /// Pastes into a frame that owns its planes.
  void Paste(Frame& frame, const SwappedFace& swapped, const Landmarks& landmarks) const;
  void Paste(cv::Mat& bgr, const SwappedFace& swapped, const Landmarks& landmarks) const;

 private:
  const FaceSwapper& swapper_;
  std::string person_;
};

/// Composes a swapped face into a picture (CV_8UC3) as conversions do. Thread-safe.
void PasteFace(cv::Mat& bgr, const SwappedFace& swapped, const Landmarks& landmarks);

/// BT.601 luma of a BGR photo, CV_8UC1: what the detector searches, as the video path's plane 0 is.
cv::Mat LumaOfPhoto(const cv::Mat& bgr);

/// The composer's layout for a target that wants one (anything but kOff).
SideBySideLayout LayoutOf(Target::SideBySide side_by_side);

/// Where side-by-side captions go so that they never cover the label.
Corner CaptionCorner(const DisclosureSettings& settings);

/// The label of a project rendered for this size, or empty when the project turned it off.
std::optional<TextPatch> RenderDisclosure(const DisclosureSettings& settings, cv::Size size);

}  // namespace reelswap
