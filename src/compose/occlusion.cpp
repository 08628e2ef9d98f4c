#include "compose/occlusion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <vector>

namespace reelswap {
namespace {

constexpr int kSide = 64;       // the comparison's size: what a network of 64 to 128 px draws reliably
constexpr int kHabitSide = 32;
// CIE units. `light` draws people of real footage with a median residual of 0.6 (trained on the frame) to 1.5 (not).
constexpr float kUsualResidual = 1.8f;
constexpr float kUsualSpread = 1.2f;
constexpr float kLeastSpread = 1.2f;
constexpr float kMostMean = 5.0f;    // more is no habit: a microphone that is in all samples is still in front
constexpr float kCertain = 4.0f;     // spreads above the mean at which something is there for sure ...
constexpr float kPossible = 2.0f;    // ... and down to which it reaches
constexpr float kStrong = 5.0f;      // beside differences above this ...
constexpr float kEdgeShare = 0.5f;   // ... less than this share of what they are above it is their blur, not a thing
constexpr int kSmallest = 40;        // cells of kSide^2: under 1 % of the crop is an eye or a highlight ...
constexpr int kSmallestInside = 160; // ... and under 4 % of what lies wholly within the face: things reach in from outside

void Check(const cv::Mat& original, const cv::Mat& reconstruction) {
  for (const cv::Mat* m : {&original, &reconstruction}) {
    if (m->type() != CV_8UC3 || m->empty() || m->rows != m->cols) {
      throw std::invalid_argument("occlusion: two square CV_8UC3 pictures expected");
    }
  }
}

// CV_32FC3 BGR of 0 .. 1.
cv::Mat AtSide(const cv::Mat& bgr) {
  cv::Mat small, wide;
  cv::resize(bgr, small, {kSide, kSide}, 0, 0, cv::INTER_AREA);
  cv::GaussianBlur(small, small, {3, 3}, 0);
  small.convertTo(wide, CV_32F, 1.0 / 255);
  return wide;
}

cv::Mat LabOf(const cv::Mat& bgr) {
  cv::Mat lab;
  cv::cvtColor(bgr, lab, cv::COLOR_BGR2Lab);
  return lab;
}

float MedianOf(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Where a crop shows the face: an ellipse from the brows to the chin, softly ending.
const cv::Mat& FacePlace() {
  static const cv::Mat place = [] {
    cv::Mat made(kSide, kSide, CV_32FC1);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const float u = (static_cast<float>(x) + 0.5f) / kSide - 0.5f, v = (static_cast<float>(y) + 0.5f) / kSide - 0.5f;
        const float r = std::hypot(u / 0.36f, v / 0.42f);
        made.at<float>(y, x) = std::clamp((1.1f - r) / 0.2f, 0.0f, 1.0f);
      }
    }
    return made;
  }();
  return place;
}

// How much more a difference must be to count: eyes and brows are small and dark, and the first that a decoder loses when
// something else in the crop disturbs it.
const cv::Mat& Caution() {
  static const cv::Mat caution = [] {
    cv::Mat made(kSide, kSide, CV_32FC1);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const float u = (static_cast<float>(x) + 0.5f) / kSide, v = (static_cast<float>(y) + 0.5f) / kSide;
        const float r = std::hypot((std::abs(u - 0.5f) - 0.17f) / 0.14f, (v - 0.32f) / 0.11f);
        made.at<float>(y, x) = 1 + std::clamp((1.2f - r) / 0.4f, 0.0f, 1.0f);
      }
    }
    return made;
  }();
  return caution;
}

// Another light is a gain per channel. The median of the ratios is the face's, whatever covers less than half of it.
void MatchLight(const cv::Mat& original, cv::Mat& reconstruction) {
  cv::Vec3f gain;
  for (int c = 0; c < 3; ++c) {
    std::vector<float> ratios;
    for (int y = 0; y < kSide; y += 2) {
      for (int x = 0; x < kSide; x += 2) {
        if (FacePlace().at<float>(y, x) < 0.5f) continue;
        ratios.push_back(original.at<cv::Vec3f>(y, x)[c] / std::max(0.02f, reconstruction.at<cv::Vec3f>(y, x)[c]));
      }
    }
    gain[c] = std::clamp(MedianOf(std::move(ratios)), 0.25f, 4.0f);
  }
  cv::multiply(reconstruction, cv::Scalar(gain[0], gain[1], gain[2]), reconstruction);
  cv::min(reconstruction, 1.0, reconstruction);
}

// Gain and offset per channel that bring the reconstruction nearest to the original, found with ever less weight on what
// differs most, so that a hand does not tint the face.
void MatchRobustly(const cv::Mat& original, cv::Mat& reconstruction) {
  cv::Mat weight = FacePlace().clone();
  const cv::Mat from = reconstruction.clone();
  for (int round = 0; round < 4; ++round) {
    double total = 0;
    cv::Vec3d sum_o, sum_r;
    double rr = 0, ro = 0;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const double w = weight.at<float>(y, x);
        total += w;
        sum_o += w * cv::Vec3d(original.at<cv::Vec3f>(y, x));
        sum_r += w * cv::Vec3d(from.at<cv::Vec3f>(y, x));
      }
    }
    if (total < 1) return;
    const cv::Vec3d mean_o = sum_o / total, mean_r = sum_r / total;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const double w = weight.at<float>(y, x), r = from.at<cv::Vec3f>(y, x)[0] - mean_r[0];
        rr += w * r * r;
        ro += w * r * (original.at<cv::Vec3f>(y, x)[0] - mean_o[0]);
      }
    }
    const double gain = rr > 0 ? std::clamp(ro / rr, 0.7, 1.4) : 1;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const cv::Vec3d o(original.at<cv::Vec3f>(y, x));
        cv::Vec3d r = cv::Vec3d(from.at<cv::Vec3f>(y, x)) - mean_r;
        r[0] *= gain;
        r += mean_o;
        reconstruction.at<cv::Vec3f>(y, x) = r;
        const double away = cv::norm(o - r) / 6;
        weight.at<float>(y, x) = FacePlace().at<float>(y, x) / static_cast<float>(1 + away * away);
      }
    }
  }
}

// CIE-like distance, the least over a cell around, so that an eye that is drawn half a pixel away is no occlusion.
cv::Mat Residual(const cv::Mat& original_bgr, const cv::Mat& reconstruction_bgr) {
  const cv::Mat original_small = AtSide(original_bgr);
  cv::Mat reconstruction_small = AtSide(reconstruction_bgr);
  MatchLight(original_small, reconstruction_small);
  const cv::Mat original = LabOf(original_small);
  cv::Mat reconstruction = LabOf(reconstruction_small);
  MatchRobustly(original, reconstruction);
  cv::Mat residual(kSide, kSide, CV_32FC1);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const cv::Vec3f& o = original.at<cv::Vec3f>(y, x);
      float least = 1e9f;
      for (int j = std::max(0, y - 1); j <= std::min(kSide - 1, y + 1); ++j) {
        for (int i = std::max(0, x - 1); i <= std::min(kSide - 1, x + 1); ++i) {
          const cv::Vec3f d = o - reconstruction.at<cv::Vec3f>(j, i);
          least = std::min(least, d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        }
      }
      residual.at<float>(y, x) = std::sqrt(least);
    }
  }
  cv::GaussianBlur(residual, residual, {5, 5}, 1.0);
  return residual;
}

// Regions above kPossible that reach kCertain somewhere and are no specks.
cv::Mat Found(const cv::Mat& excess) {
  cv::Mat around, labels, statistics, centroids;
  cv::dilate(excess, around, cv::Mat::ones(7, 7, CV_8UC1));
  cv::Mat possible = (excess > kPossible) & (excess > kEdgeShare * (around - kStrong));
  cv::morphologyEx(possible, possible, cv::MORPH_OPEN, cv::Mat::ones(3, 3, CV_8UC1));
  const int count = cv::connectedComponentsWithStats(possible, labels, statistics, centroids, 8);
  std::vector<int> certain(static_cast<size_t>(count), 0), smallest(static_cast<size_t>(count), kSmallestInside);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const auto label = static_cast<size_t>(labels.at<int>(y, x));
      if (excess.at<float>(y, x) > kCertain) ++certain[label];
      if (FacePlace().at<float>(y, x) < 0.5f) smallest[label] = kSmallest;
    }
  }
  cv::Mat found = cv::Mat::zeros(kSide, kSide, CV_8UC1);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const int label = labels.at<int>(y, x);
      const auto l = static_cast<size_t>(label);
      const bool kept = statistics.at<int>(label, cv::CC_STAT_AREA) >= smallest[l] && certain[l] >= kSmallest / 4;
      if (label > 0 && kept) found.at<uchar>(y, x) = 255;
    }
  }
  cv::morphologyEx(found, found, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_ELLIPSE, {7, 7}));
  return found;
}

cv::Mat MaskFrom(const cv::Mat& residual, const cv::Mat& mean, const cv::Mat& spread, cv::Size size) {
  cv::Mat found = Found((residual - mean) / spread / Caution());
  if (cv::countNonZero(found) == 0) return {size, CV_8UC1, cv::Scalar(255)};
  cv::Mat mask;
  cv::GaussianBlur(255 - found, mask, {5, 5}, 1.2);
  cv::resize(mask, mask, size, 0, 0, cv::INTER_LINEAR);
  return mask;
}

}  // namespace

cv::Mat UnoccludedMask(const cv::Mat& original, const cv::Mat& reconstruction) {
  Check(original, reconstruction);
  const cv::Mat mean(kSide, kSide, CV_32FC1, cv::Scalar(kUsualResidual));
  const cv::Mat spread(kSide, kSide, CV_32FC1, cv::Scalar(kUsualSpread));
  return MaskFrom(Residual(original, reconstruction), mean, spread, reconstruction.size());
}

ReconstructionHabit LearnHabit(const std::vector<cv::Mat>& originals, const std::vector<cv::Mat>& reconstructions) {
  if (originals.empty() || originals.size() != reconstructions.size()) {
    throw std::invalid_argument("LearnHabit: as many originals as reconstructions expected, at least one");
  }
  std::vector<cv::Mat> residuals;
  for (size_t i = 0; i < originals.size(); ++i) {
    Check(originals[i], reconstructions[i]);
    cv::Mat small;
    cv::resize(Residual(originals[i], reconstructions[i]), small, {kHabitSide, kHabitSide}, 0, 0, cv::INTER_AREA);
    residuals.push_back(small);
  }
  ReconstructionHabit habit{cv::Mat(kHabitSide, kHabitSide, CV_32FC1), cv::Mat(kHabitSide, kHabitSide, CV_32FC1)};
  for (int y = 0; y < kHabitSide; ++y) {
    for (int x = 0; x < kHabitSide; ++x) {
      std::vector<float> values;
      for (const cv::Mat& r : residuals) values.push_back(r.at<float>(y, x));
      const float median = MedianOf(values);
      for (float& v : values) v = std::abs(v - median);
      habit.mean.at<float>(y, x) = std::min(median, kMostMean);
      habit.spread.at<float>(y, x) = 1.5f * MedianOf(values);
    }
  }
  // Few samples know little of each place: neighbours help, and no place may be surer than the least spread.
  cv::GaussianBlur(habit.mean, habit.mean, {5, 5}, 1);
  cv::GaussianBlur(habit.spread, habit.spread, {5, 5}, 1);
  const double known = static_cast<double>(originals.size());
  habit.spread = (habit.spread * known + kUsualSpread * 4) / (known + 4);
  cv::max(habit.spread, kLeastSpread, habit.spread);
  return habit;
}

cv::Mat UnoccludedMask(const cv::Mat& original, const cv::Mat& reconstruction, const ReconstructionHabit& habit) {
  Check(original, reconstruction);
  if (habit.mean.empty() && habit.spread.empty()) return UnoccludedMask(original, reconstruction);
  if (habit.mean.type() != CV_32FC1 || habit.spread.type() != CV_32FC1 || habit.mean.empty() || habit.spread.empty()) {
    throw std::invalid_argument("occlusion: a habit of CV_32FC1 mean and spread expected");
  }
  cv::Mat mean, spread;
  cv::resize(habit.mean, mean, {kSide, kSide}, 0, 0, cv::INTER_LINEAR);
  cv::resize(habit.spread, spread, {kSide, kSide}, 0, 0, cv::INTER_LINEAR);
  return MaskFrom(Residual(original, reconstruction), mean, spread, reconstruction.size());
}

}  // namespace reelswap
