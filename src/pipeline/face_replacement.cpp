#include "pipeline/face_replacement.h"

#include "compose/compose_face.h"
#include "face/align.h"

namespace reelswap {
namespace {

/// Higher than the default: dark brows must not show in the feather.
const ComposeOptions kPaste{.brow_raise = 0.7f};

}  // namespace

std::vector<SwappedFace> FaceReplacement::Swap(const std::vector<const AlignedFace*>& faces) const {
  std::vector<cv::Mat> crops;
  for (const AlignedFace* face : faces) crops.push_back(face->image);
  std::vector<SwappedCrop> answers = swapper_.SwapWithMasks(crops, person_);
  const WeightsInfo& info = swapper_.info();
  std::vector<SwappedFace> swapped(faces.size());
  for (size_t i = 0; i < faces.size(); ++i) {
    swapped[i].image = std::move(answers[i].image);
    swapped[i].mask = std::move(answers[i].mask);
    swapped[i].face_from_frame = FaceFromFrame(faces[i]->face.landmarks, info.output);
  }
  return swapped;
}

void FaceReplacement::Paste(Frame& frame, const SwappedFace& swapped, const Landmarks& landmarks) const {
  const cv::Rect roi = FaceRegion(swapped, landmarks, frame.size(), kPaste);
  if (roi.empty()) return;
  const FacePatch patch = ComposeFace(frame.Bgr(roi), roi, swapped, landmarks, kPaste);
  frame.Paste(roi, patch.bgr, patch.mask);
}

void FaceReplacement::Paste(cv::Mat& bgr, const SwappedFace& swapped, const Landmarks& landmarks) const {
  PasteFace(bgr, swapped, landmarks);
}

void PasteFace(cv::Mat& bgr, const SwappedFace& swapped, const Landmarks& landmarks) {
  const cv::Rect roi = FaceRegion(swapped, landmarks, bgr.size(), kPaste);
  if (roi.empty()) return;
  cv::Mat below = bgr(roi);
  const FacePatch patch = ComposeFace(below, roi, swapped, landmarks, kPaste);
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
  return side_by_side == Target::SideBySide::kVertical ? SideBySideLayout::kVertical : SideBySideLayout::kHorizontal;
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
