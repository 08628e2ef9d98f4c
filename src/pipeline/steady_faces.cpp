#include "pipeline/steady_faces.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace reelswap {
namespace {

constexpr int kShrunk = 24;         // px a side: expression and light, no texture
constexpr double kSigmaFrames = 3;  // of the mean over time
constexpr double kFlashRatio = 2;

const ConvertFace* FaceOfTrack(const ConvertItem& item, int64_t track) {
  for (const ConvertFace& face : item.faces) {
    if (face.planned.track == track) return &face;
  }
  return nullptr;
}

double Difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.total() * static_cast<size_t>(a.channels()));
}

double InputDifference(const ConvertFace& a, const ConvertFace& b) {
  return Difference(ShrunkCrop(a.aligned.image), ShrunkCrop(b.aligned.image));
}

void SteadyColor(const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle, ConvertFace& face) {
  std::vector<FaceColor> colors;
  std::vector<float> weights;
  for (size_t i = 0; i < items.size(); ++i) {
    const ConvertFace* other = FaceOfTrack(*items[i], face.planned.track);
    if (other == nullptr || other->color.mode != face.color.mode) continue;
    const double away = (static_cast<double>(i) - static_cast<double>(middle)) / kSigmaFrames;
    colors.push_back(other->color);
    weights.push_back(static_cast<float>(std::exp(-0.5 * away * away)));
  }
  face.steady_color = MeanColor(colors, weights);
}

/// An empty mask hides nothing; all empty: nothing to do.
void SteadyOcclusion(const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle, ConvertFace& face) {
  const int side = face.swapped.image.cols;
  cv::Mat sum = cv::Mat::zeros(side, side, CV_32FC1);
  float weight = 0;
  bool any = false;
  const size_t first = middle == 0 ? 0 : middle - 1;
  for (size_t i = first; i < std::min(items.size(), middle + 2); ++i) {
    const ConvertFace* other = FaceOfTrack(*items[i], face.planned.track);
    if (other == nullptr) continue;
    const float share = i == middle ? 2.0f : 1.0f;
    const cv::Mat& mask = other->swapped.unoccluded;
    any = any || !mask.empty();
    if (mask.empty()) {
      sum += share * 255;
    } else {
      cv::scaleAdd(cv::Mat_<float>(mask), share, sum, sum);
    }
    weight += share;
  }
  if (any) sum.convertTo(face.steady_unoccluded, CV_8U, 1 / weight);
}

void RepairFlash(const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle, ConvertFace& face) {
  if (middle == 0 || middle + 1 >= items.size()) return;
  const ConvertFace* before = FaceOfTrack(*items[middle - 1], face.planned.track);
  const ConvertFace* after = FaceOfTrack(*items[middle + 1], face.planned.track);
  if (before == nullptr || after == nullptr) return;
  const double around = Difference(before->small, after->small);
  const double jump = std::min(Difference(face.small, before->small), Difference(face.small, after->small));
  face.quality.flash = std::max(0.0, jump - around);
  if (jump < kFlashLevels || jump < kFlashRatio * around) return;
  // A blink or a shout jumps in the frame, too, and is no fault.
  const double shown = std::min(InputDifference(face, *before), InputDifference(face, *after));
  if (shown > 0.5 * jump) return;
  cv::addWeighted(before->swapped.image, 0.5, after->swapped.image, 0.5, 0, face.repaired);
  face.quality.flash_repaired = true;
}

}  // namespace

cv::Mat ShrunkCrop(const cv::Mat& crop) {
  cv::Mat small;
  cv::resize(crop, small, {kShrunk, kShrunk}, 0, 0, cv::INTER_AREA);
  return small;
}

void SteadyFaces(const std::deque<std::shared_ptr<ConvertItem>>& items, size_t middle) {
  for (ConvertFace& face : items[middle]->faces) {
    SteadyColor(items, middle, face);
    SteadyOcclusion(items, middle, face);
    RepairFlash(items, middle, face);
  }
}

}  // namespace reelswap
