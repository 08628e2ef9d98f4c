#pragma once

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <ostream>
#include <vector>

#include "actors/demo_clips.h"

// How near a swapped picture of a virtual actor comes to the truth of the swap.

namespace reelswap::testing {

inline constexpr double kDetailSigma = 12;  // px; a face is about 150 px wide: light and skin tone go, features stay

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

/// How a swapped face's detail lies between the target's and the truth's.
struct SwapScore {
  double transfer = 0;     ///< 0: nothing was swapped; 1: as far towards the truth as the truth itself
  double like_truth = 0;   ///< correlation with the truth's detail, -1 .. 1
  double like_target = 0;  ///< correlation with the target's detail, -1 .. 1
  /// > 0: it looks more like the truth than like the target. Below 0 for a blur, whose transfer is
  /// high because it leaves the target behind.
  double Lead() const { return like_truth - like_target; }
};

/// target: the picture before the swap; truth: what a perfect swap of it shows. All of one size, BGR.
inline SwapScore CompareWithTruth(const cv::Mat& result, const cv::Mat& target, const RenderedFrame& truth) {
  const cv::Mat face = FaceHull(truth);
  const cv::Mat r = Detail(result), t = Detail(target), u = Detail(truth.image);
  const cv::Mat way = u - t, gone = r - t;
  SwapScore score;
  score.transfer = Dot(gone, way, face) / Dot(way, way, face);
  score.like_truth = Dot(r, u, face) / std::sqrt(Dot(r, r, face) * Dot(u, u, face));
  score.like_target = Dot(r, t, face) / std::sqrt(Dot(r, r, face) * Dot(t, t, face));
  return score;
}

inline std::ostream& operator<<(std::ostream& out, const SwapScore& score) {
  return out << "transfer " << score.transfer << ", like the truth " << score.like_truth << ", like the target "
             << score.like_target;
}

}  // namespace reelswap::testing
