#include "pipeline/face_replacement.h"

#include <algorithm>

#include "compose/compose_face.h"
#include "face/align.h"

namespace reelswap {

FaceReplacement::FaceReplacement(const FaceSwapper& swapper, std::vector<SwapDirection> directions)
    : swapper_(swapper), directions_(std::move(directions)) {
  const std::vector<std::string>& known = swapper_.info().people;
  for (const SwapDirection& direction : directions_) {
    can_reconstruct_.push_back(std::find(known.begin(), known.end(), direction.from) != known.end());
  }
}

std::vector<SwappedFace> FaceReplacement::Swap(const std::vector<const AlignedFace*>& faces, int direction) const {
  std::vector<cv::Mat> crops;
  for (const AlignedFace* face : faces) crops.push_back(face->image);
  auto answers = swapper_.SwapWithMasks(crops, directions_[static_cast<size_t>(direction)].to);
  std::vector<SwappedFace> swapped(faces.size());
  for (size_t i = 0; i < faces.size(); ++i) {
    swapped[i].image = std::move(answers[i].image);
    swapped[i].mask = std::move(answers[i].mask);
    swapped[i].face_from_frame = FaceFromFrame(faces[i]->face.landmarks, swapper_.info().output);
  }
  return swapped;
}

std::vector<cv::Mat> FaceReplacement::Reconstruct(const std::vector<const AlignedFace*>& faces, int direction) const {
  std::vector<cv::Mat> crops;
  for (const AlignedFace* face : faces) crops.push_back(face->image);
  return swapper_.Swap(crops, directions_[static_cast<size_t>(direction)].from);
}

void PasteFace(cv::Mat& bgr, const SwappedFace& swapped, const Landmarks& landmarks, const ComposeOptions& options) {
  const cv::Rect roi = FaceRegion(swapped, landmarks, bgr.size(), options);
  if (roi.empty()) return;
  cv::Mat below = bgr(roi);
  const FacePatch patch = ComposeFace(below, roi, swapped, landmarks, options);
  for (int y = 0; y < roi.height; ++y) {
    for (int x = 0; x < roi.width; ++x) {
      const int alpha = patch.mask.at<uchar>(y, x);
      if (alpha == 0) continue;
      auto& pixel = below.at<cv::Vec3b>(y, x);
      const auto& face = patch.bgr.at<cv::Vec3b>(y, x);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = static_cast<uchar>((face[c] * alpha + pixel[c] * (255 - alpha) + 127) / 255);
      }
    }
  }
}

cv::Mat LumaOfPhoto(const cv::Mat& bgr) {
  cv::Mat luma;
  cv::transform(bgr, luma, cv::Matx13f(0.114f, 0.587f, 0.299f));
  return luma;
}

SideBySideLayout LayoutOf(Target::SideBySide side_by_side) {
  switch (side_by_side) {
    case Target::SideBySide::kVertical: return SideBySideLayout::kVertical;
    case Target::SideBySide::kWipe: return SideBySideLayout::kWipe;
    case Target::SideBySide::kMask: return SideBySideLayout::kMask;
    case Target::SideBySide::kCheckpoints: return SideBySideLayout::kCheckpoints;
    case Target::SideBySide::kHorizontal:
    case Target::SideBySide::kOff: break;
  }
  return SideBySideLayout::kHorizontal;
}

Corner CaptionCorner(const DisclosureSettings& settings) {
  return settings.label && settings.corner.starts_with("top") ? Corner::kBottomLeft : Corner::kTopLeft;
}

std::optional<TextPatch> RenderDisclosure(const DisclosureSettings& settings, cv::Size size) {
  if (!settings.label) return std::nullopt;
  const Corner corner = settings.corner == "top_left"    ? Corner::kTopLeft
                        : settings.corner == "top_right" ? Corner::kTopRight
                        : settings.corner == "bottom_right" ? Corner::kBottomRight
                                                            : Corner::kBottomLeft;
  TextPatch label = RenderLabel(settings.text, size, corner, static_cast<float>(settings.opacity));
  if (label.roi.empty()) return std::nullopt;
  return label;
}

}  // namespace reelswap
