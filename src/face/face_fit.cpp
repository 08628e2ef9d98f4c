#include "face/face_fit.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "face/align.h"
#include "face/box_overlap.h"
#include "face/scaled_region.h"

namespace reelswap {
namespace {

constexpr float kSameFaceOverlap = 0.25f;  // a face that moved by half its width since the last frame still reaches 0.3
constexpr float kMostSizeChange = 1.5f;    // a frame; more is another face or a false alarm
constexpr float kPatchCoverage = 1.25f;    // brows to chin, little of what is behind the face
// Of the box, to either side: the predictor jumps with the smallest movement of its box, the mean of two fits by a third
// less (measured on actors against their truth; more fits gain little), and the second one takes half of the first's time.
constexpr float kAside = 0.02f;

void Normalise(std::array<float, FacePatch::kSide * FacePatch::kSide>& values) {
  double sum = 0, square = 0;
  for (const float v : values) sum += v;
  const float mean = static_cast<float>(sum / values.size());
  for (float& v : values) v -= mean, square += static_cast<double>(v) * v;
  const float scale = square > 1e-12 ? static_cast<float>(1 / std::sqrt(square)) : 0.0f;
  for (float& v : values) v *= scale;
}

/// landmarks: px of gray.
FacePatch CutPatch(const cv::Mat& gray, const Landmarks& landmarks) {
  constexpr int kFine = 2 * FacePatch::kSide;  // halved afterwards, so that no px of a large face is passed over
  const CropGeometry geometry{.size = kFine, .coverage = kPatchCoverage, .shift_y = 0};
  cv::Mat fine, small;
  cv::warpAffine(gray, fine, FaceFromFrame(landmarks, geometry), {kFine, kFine}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  cv::resize(fine, small, {FacePatch::kSide, FacePatch::kSide}, 0, 0, cv::INTER_AREA);
  FacePatch patch;
  std::copy(small.begin<uchar>(), small.end<uchar>(), patch.values.begin());
  Normalise(patch.values);
  return patch;
}

}  // namespace

float FacePatch::Likeness(const FacePatch& other) const {
  float sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += values[i] * other.values[i];
  return sum;
}

void FacePatch::Mix(const FacePatch& other, float share) {
  for (size_t i = 0; i < values.size(); ++i) values[i] += share * (other.values[i] - values[i]);
  Normalise(values);
}

namespace {

template <typename View>
void FitIn(const View& view, const cv::Rect2f& place, const LandmarkFinder& finder, FaceFit& fit) {
  const cv::Point2f aside(kAside * place.width, 0);
  fit.landmarks = finder.Find(view.image, place + aside);
  const auto other = finder.Find(view.image, place - aside);
  for (int i = 0; i < kLandmarkCount; ++i) fit.landmarks[i] = 0.5f * (fit.landmarks[i] + other[i]);
  fit.patch = CutPatch(view.image, fit.landmarks);
  fit.box = view.ToPicture(finder.BoxAround(fit.landmarks));
  for (auto& p : fit.landmarks) p = view.ToPicture(p);
}

}  // namespace

FaceFit FitFace(const LandmarkFinder& finder, const cv::Mat& luma, const cv::Rect2f& box, float roll) {
  FaceFit fit;
  if (std::abs(roll) < kTilted) {
    const auto view = LandmarkView(luma, box);
    FitIn(view, view.FromPicture(box), finder, fit);
  } else {
    const auto view = TurnUpright(luma, box, roll);
    FitIn(view, view.box, finder, fit);
  }
  fit.strangeness = finder.Strangeness(fit.landmarks);
  fit.roll = finder.Roll(fit.landmarks);
  fit.inside = MostlyInside(fit.box, luma.size(), 0.5f);
  return fit;
}

bool SameFace(const cv::Rect2f& a, const cv::Rect2f& b) {
  const float ratio = std::max(a.width, b.width) / std::min(a.width, b.width);
  return ratio <= kMostSizeChange && BoxOverlap(a, b) >= kSameFaceOverlap;
}

bool MostlyInside(const cv::Rect2f& box, cv::Size picture, float share) {
  return (box & cv::Rect2f({}, cv::Size2f(picture))).area() >= share * box.area() && box.width >= 1 && box.height >= 1;
}

}  // namespace reelswap
