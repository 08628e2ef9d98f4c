#pragma once

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <ostream>
#include <vector>

#include "actors/demo_clips.h"

// How near a swapped picture of a virtual actor comes to the truth of the swap.

namespace reelswap::testing {

inline constexpr double kDetailSigma =
    12;  // px; a face is about 150 px wide: light and skin tone go, features stay

/// What is left of a picture without its low frequencies, CV_32FC3.
inline cv::Mat Detail(const cv::Mat& bgr) {
  cv::Mat picture, low;
  bgr.convertTo(picture, CV_32F);
  cv::GaussianBlur(picture, low, {}, kDetailSigma);
  return picture - low;
}

/// 1 inside the hull of the true landmarks, else 0; CV_8UC1.
inline cv::Mat FaceHull(const RenderedFrame& truth) {
  std::vector<cv::Point> points, hull;
  for (const cv::Point2f& point : truth.landmarks) points.emplace_back(point);
  cv::convexHull(points, hull);
  cv::Mat mask = cv::Mat::zeros(truth.image.size(), CV_8UC1);
  cv::fillConvexPoly(mask, hull, 1);
  return mask;
}

/// Inner product over the face.
inline double Dot(const cv::Mat& a, const cv::Mat& b, const cv::Mat& face) {
  cv::Mat product;
  cv::multiply(a, b, product);
  const cv::Scalar mean = cv::mean(product, face);
  return mean[0] + mean[1] + mean[2];
}

/// How a swapped face's detail lies between the target's and the truth's. The plain projection on the
/// way from target to truth rates a blurred target 0.45, so it is split into what came and what stayed:
/// the shares that explain the result best as truth_share x truth + target_share x target.
struct SwapScore {
  double truth_share = 0;   ///< 0: nothing of the truth came (also for a blur); 1: all of it
  double target_share = 0;  ///< 1: nothing of the target went; 0: all of it
  double transfer = 0;      ///< projection of (result - target) on (truth - target)
  double like_truth = 0;    ///< correlation with the truth's detail, -1 .. 1
  double like_target = 0;   ///< correlation with the target's detail, -1 .. 1
};

/// target: the picture before the swap; truth: what a perfect swap of it shows. All of one size, BGR.
inline SwapScore CompareWithTruth(const cv::Mat& result, const cv::Mat& target, const RenderedFrame& truth) {
  const cv::Mat face = FaceHull(truth);
  const cv::Mat r = Detail(result), t = Detail(target), u = Detail(truth.image);
  const double uu = Dot(u, u, face), tt = Dot(t, t, face), ut = Dot(u, t, face);
  const double ru = Dot(r, u, face), rt = Dot(r, t, face), rr = Dot(r, r, face);
  const double determinant = uu * tt - ut * ut;  // > 0: two people never have the same detail
  SwapScore score;
  score.truth_share = (ru * tt - rt * ut) / determinant;
  score.target_share = (rt * uu - ru * ut) / determinant;
  score.transfer = (ru - rt - ut + tt) / (uu + tt - 2 * ut);
  score.like_truth = ru / std::sqrt(rr * uu);
  score.like_target = rt / std::sqrt(rr * tt);
  return score;
}

inline std::ostream& operator<<(std::ostream& out, const SwapScore& score) {
  return out << "share of the truth " << score.truth_share << ", of the target " << score.target_share
             << ", transfer " << score.transfer << ", like the truth " << score.like_truth
             << ", like the target " << score.like_target;
}

}  // namespace reelswap::testing
