#pragma once

#include <map>
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/faces.h"

namespace reelswap {

// Numbers that say how good a face swap is. All functions are thread-safe and throw std::invalid_argument
// when sizes or types do not fit, a number is not finite, or a mask counts no pixel. Pictures are CV_8UC3 BGR
// of one size, masks CV_8UC1 (0 = not counted).

/// 255 inside the convex hull of the landmarks (whole face, jaw included), else 0; all 0 when the face lies
/// outside the picture.
cv::Mat FaceHullMask(const Landmarks& landmarks, cv::Size size);

/// A swapped picture against the right answer. Nothing swapped is 0 / 0 / 0, the truth 1 / 0 / 1, a blend of
/// a share s of the truth with the target s / 0 / s.
struct TruthScore {
  double transfer = 0;  ///< share of the way from target to truth that was gone: 0 nothing swapped, 1 all
  double artefact = 0;  ///< length of what lies beside that way, in units of the way; 0 = nothing wrong
  double quality = 0;   ///< (1 - |1 - transfer|) / (1 + artefact^2): 1 the truth, 0 nothing of it, may be < 0
  double ssim = 0;      ///< structural similarity to the truth inside the face
};
/// result, target (before the swap), truth: the same moment; face: mask of the truth's face. face_width: px
/// (the square root of the hull's area), the scale at which light and skin tone are told from features (they
/// are taken off first).
///
/// What is compared is three octaves of detail, between Gaussians of face_width / 12, 24, 48 and 96: coarser
/// is light and skin tone, finer is noise. In each octave r = a * truth + b * target + rest is solved for a
/// by least squares. transfer is the mean of a: the plain projection on truth - target, which also counts
/// what merely went, rates a blurred target 0.2 to 0.6; this rates it 0.00 to 0.03, because no truth came.
/// artefact is the root mean square of |r - (a * truth + (1 - a) * target)| / |truth - target|, so missing
/// detail counts as much as wrong detail. Each octave counts the same: over the whole spectrum, the coarse
/// one would decide alone and blur would cost nothing. quality falls with the artefacts instead of being a
/// distance to the truth, because that rates even a pose-matched paste below doing nothing (-0.15 on the
/// ladder of known swaps in truth_score_test.cpp; this 0.25). Also throws std::invalid_argument when target
/// and truth show the same face: there is no way then.
TruthScore ScoreAgainstTruth(const cv::Mat& result, const cv::Mat& target, const cv::Mat& truth,
                             const cv::Mat& face, double face_width);

/// The same for many results of one moment: what depends on target and truth alone is computed once.
/// Thread-safe after construction.
class TruthRuler {
 public:
  TruthRuler(const cv::Mat& target, const cv::Mat& truth, const cv::Mat& face, double face_width);
  TruthScore Score(const cv::Mat& result) const;

 private:
  struct Octave {           // only those in which target and truth differ
    size_t number = 0;      ///< 0 = the finest
    cv::Mat mask;           ///< CV_32FC3: 1 inside the face, else 0
    cv::Mat truth, target;  ///< detail, CV_32FC3, 0 outside the face
    double truth_truth = 0, target_target = 0, truth_target = 0;  ///< inner products
  };
  std::vector<cv::Mat> Detail(const cv::Mat& bgr) const;

  cv::Size size_;
  cv::Rect region_;    ///< what the face and the filters touch
  double face_width_;  ///< px
  cv::Mat truth_;      ///< region_ of it, CV_8UC3
  cv::Mat face_;       ///< region_ of it
  std::vector<Octave> octaves_;
};

/// Mean structural similarity (Wang 2004; 11 px Gaussian window of sigma 1.5, luma) over the mask.
double RegionSsim(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask);
/// Mean absolute difference in [0,1] over the mask, all channels.
double RegionL1(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask);

/// Mean distance of the 51 inner landmarks, % of the true inter-ocular distance (outer eye corners). Throws
/// std::invalid_argument when the true eyes coincide.
double LandmarkError(const Landmarks& found, const Landmarks& truth);
/// The same after both were brought onto each other by the best similarity transform: what differs is
/// expression (and shape), not place, size or roll. `a` is brought onto `b`, whose eyes give the unit.
double ExpressionError(const Landmarks& a, const Landmarks& b);
/// Largest of the differences in yaw, pitch and roll, degrees.
double PoseError(const HeadPose& a, const HeadPose& b);

/// Restlessness of consecutive frames: mean absolute second difference in time, levels of 255, over the
/// masks' common area (of each three frames). At least three frames; masks: one per frame, or a single one
/// for all. Three frames whose masks have nothing in common are left out; throws std::invalid_argument when
/// all are.
double Flicker(std::span<const cv::Mat> frames, std::span<const cv::Mat> masks);

/// Median (mean of the middle two for an even count), 0 for an empty list.
double Median(std::vector<double> values);

}  // namespace reelswap
