#include "measure/swap_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "measure/picture_checks.h"

namespace reelswap {
namespace {

constexpr int kFirstInner = 17, kLeftEye = 36, kRightEye = 45;  // iBUG 300-W
constexpr float kFarthest =
    1e6f;  // px; landmarks beyond are a mistake, and would overflow the polygon filler

void RequireLandmarks(const Landmarks& landmarks) {
  for (const cv::Point2f& p : landmarks) {
    if (!(std::abs(p.x) <= kFarthest && std::abs(p.y) <= kFarthest)) {  // also refuses NaN
      throw std::invalid_argument(fmt::format("({}, {}) is not a landmark's place", p.x, p.y));
    }
  }
}

double InterOcular(const Landmarks& landmarks) {
  const double distance = cv::norm(landmarks[kLeftEye] - landmarks[kRightEye]);
  if (distance <= 0)
    throw std::invalid_argument("the outer eye corners coincide: no unit to measure landmarks in");
  return distance;
}

/// BT.601 luma, CV_32FC1.
cv::Mat Luma(const cv::Mat& bgr) {
  cv::Mat picture, luma;
  bgr.convertTo(picture, CV_32F);
  cv::transform(picture, luma, cv::Matx13f(0.114f, 0.587f, 0.299f));
  return luma;
}

cv::Mat SsimMap(const cv::Mat& a, const cv::Mat& b) {
  constexpr double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
  const auto mean = [](const cv::Mat& values) {
    cv::Mat blurred;
    cv::GaussianBlur(values, blurred, {11, 11}, 1.5);
    return blurred;
  };
  const cv::Mat mean_a = mean(a), mean_b = mean(b);
  const cv::Mat aa = mean_a.mul(mean_a), bb = mean_b.mul(mean_b), ab = mean_a.mul(mean_b);
  const cv::Mat variance_a = mean(a.mul(a)) - aa, variance_b = mean(b.mul(b)) - bb;
  const cv::Mat covariance = mean(a.mul(b)) - ab;
  const cv::Mat above = (2 * ab + c1).mul(2 * covariance + c2);
  const cv::Mat below = (aa + bb + c1).mul(variance_a + variance_b + c2);
  return above / below;
}

/// Over mask and channels.
double Mean(const cv::Mat& picture, const cv::Mat& mask) {
  const cv::Scalar mean = cv::mean(picture, mask);
  return (mean[0] + mean[1] + mean[2]) / 3;
}

using Complex = std::complex<double>;

std::vector<Complex> InnerPoints(const Landmarks& landmarks) {
  std::vector<Complex> points;
  for (int i = kFirstInner; i < kLandmarkCount; ++i) points.emplace_back(landmarks[i].x, landmarks[i].y);
  Complex mean = 0;
  for (const Complex& p : points) mean += p / static_cast<double>(points.size());
  for (Complex& p : points) p -= mean;
  return points;
}

}  // namespace

cv::Mat FaceHullMask(const Landmarks& landmarks, cv::Size size) {
  if (size.width < 1 || size.height < 1) throw std::invalid_argument("a mask needs a size");
  RequireLandmarks(landmarks);
  std::vector<cv::Point> points, hull;
  for (const cv::Point2f& p : landmarks) points.emplace_back(cvRound(p.x), cvRound(p.y));
  cv::convexHull(points, hull);
  cv::Mat mask = cv::Mat::zeros(size, CV_8UC1);
  cv::fillConvexPoly(mask, hull, 255);
  return mask;
}

double RegionSsim(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask) {
  RequirePicture(a, a.size(), "the first picture");
  RequirePicture(b, a.size(), "the second picture");
  RequireMask(mask, a.size());
  const cv::Rect region = RegionOf(mask, 5);  // half the window
  return cv::mean(SsimMap(Luma(a(region)), Luma(b(region))), mask(region))[0];
}

double RegionL1(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask) {
  RequirePicture(a, a.size(), "the first picture");
  RequirePicture(b, a.size(), "the second picture");
  RequireMask(mask, a.size());
  cv::Mat difference;
  cv::absdiff(a, b, difference);
  return Mean(difference, mask) / 255;
}

double LandmarkError(const Landmarks& found, const Landmarks& truth) {
  RequireLandmarks(found);
  RequireLandmarks(truth);
  double sum = 0;
  for (int i = kFirstInner; i < kLandmarkCount; ++i) sum += cv::norm(found[i] - truth[i]);
  return 100 * sum / (kLandmarkCount - kFirstInner) / InterOcular(truth);
}

double ExpressionError(const Landmarks& a, const Landmarks& b) {
  RequireLandmarks(a);
  RequireLandmarks(b);
  // Points as complex numbers: a similarity is one complex factor, and least squares gives it in closed form.
  const std::vector<Complex> from = InnerPoints(a), to = InnerPoints(b);
  Complex product = 0;
  double spread = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    product += std::conj(from[i]) * to[i];
    spread += std::norm(from[i]);
  }
  if (spread <= 0) throw std::invalid_argument("all landmarks of a face coincide");
  const Complex factor = product / spread;
  double sum = 0;
  for (size_t i = 0; i < from.size(); ++i) sum += std::abs(factor * from[i] - to[i]);
  return 100 * sum / static_cast<double>(from.size()) / InterOcular(b);
}

double PoseError(const HeadPose& a, const HeadPose& b) {
  const double yaw = std::abs(a.yaw - b.yaw), pitch = std::abs(a.pitch - b.pitch),
               roll = std::abs(a.roll - b.roll);
  if (!std::isfinite(yaw + pitch + roll)) throw std::invalid_argument("a pose must be finite");
  return std::max({yaw, pitch, roll});
}

double Flicker(std::span<const cv::Mat> frames, std::span<const cv::Mat> masks) {
  if (frames.size() < 3) throw std::invalid_argument("flicker needs at least three frames");
  if (masks.size() != 1 && masks.size() != frames.size()) {
    throw std::invalid_argument(fmt::format("{} masks do not fit {} frames", masks.size(), frames.size()));
  }
  const cv::Size size = frames[0].size();
  for (const cv::Mat& frame : frames) RequirePicture(frame, size, "a frame");
  for (const cv::Mat& mask : masks) {
    if (mask.type() != CV_8UC1 || mask.size() != size)
      throw std::invalid_argument("a mask does not fit its frame");
  }
  double sum = 0, pixels = 0;
  for (size_t i = 1; i + 1 < frames.size(); ++i) {
    cv::Mat common = masks.front() != 0;
    if (masks.size() > 1) common = (masks[i - 1] != 0) & (masks[i] != 0) & (masks[i + 1] != 0);
    const int count = cv::countNonZero(common);
    if (count == 0) continue;
    const cv::Rect region = RegionOf(common, 0);
    cv::Mat bend, middle;
    cv::add(frames[i - 1](region), frames[i + 1](region), bend, cv::noArray(), CV_16S);
    frames[i](region).convertTo(middle, CV_16S, 2);
    cv::absdiff(bend, middle, bend);
    sum += count * Mean(bend, common(region));
    pixels += count;
  }
  if (pixels == 0) throw std::invalid_argument("no three frames' masks have anything in common");
  return sum / pixels;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    throw std::invalid_argument("a median needs numbers");
  }
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace reelswap
