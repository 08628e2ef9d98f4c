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
#include "pipeline/swap_direction.h"

namespace reelswap {

/// Faces through the network: what videos and photos share. Thread-safe after construction.
class FaceReplacement {
 public:
  /// `swapper` outlives this object.
  FaceReplacement(const FaceSwapper& swapper, std::vector<SwapDirection> directions);

  const CropGeometry& crop() const { return swapper_.info().input; }
  const std::vector<SwapDirection>& directions() const { return directions_; }
  /// Whether the model knows whose face is replaced, see Reconstruct.
  bool CanReconstruct(int direction) const { return can_reconstruct_[static_cast<size_t>(direction)]; }

  /// Through the shown person's decoder, with the transform of its larger crop. direction: index into directions().
  std::vector<SwappedFace> Swap(const std::vector<const AlignedFace*>& faces, int direction) const;

  /// The same faces through their own person's decoder, which draws the face and nothing that stands in front of it.
  /// Only where CanReconstruct.
  std::vector<cv::Mat> Reconstruct(const std::vector<const AlignedFace*>& faces, int direction) const;

 private:
  const FaceSwapper& swapper_;
  std::vector<SwapDirection> directions_;
  std::vector<bool> can_reconstruct_;
};

/// Composes a swapped face into a picture (CV_8UC3) as conversions do. Thread-safe.
void PasteFace(cv::Mat& bgr, const SwappedFace& swapped, const Landmarks& landmarks,
               const ComposeOptions& options = {});

/// BT.601 luma of a BGR photo, CV_8UC1: what the detector searches, as the video path's plane 0 is.
cv::Mat LumaOfPhoto(const cv::Mat& bgr);

/// The composer's layout for a target that wants one (anything but kOff).
SideBySideLayout LayoutOf(Target::SideBySide side_by_side);

/// Where side-by-side captions go so that they never cover the label.
Corner CaptionCorner(const DisclosureSettings& settings);

/// The label of a project rendered for this size, or empty when the project turned it off.
std::optional<TextPatch> RenderDisclosure(const DisclosureSettings& settings, cv::Size size);

}  // namespace reelswap
