#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace reelswap {

/// What stands in front of a face: where the picture differs from what the model makes of the same person's face
/// (its own decoder draws no hand, microphone or cup, unless it was trained on pictures with them: those it draws, and
/// nothing is found). original: the crop as cut from the frame, reconstruction: the same face through its own person's
/// decoder; CV_8UC3 BGR, squares of any two sizes that show the same region, the eyes about a third from the top.
/// Light and colours are matched first; eyes and brows may differ more. Places smaller than 1 % of the crop, or 4 % where
/// they lie wholly within the face, are not believed: a false hole would show the original face.
/// Returns CV_8UC1 of reconstruction's size: 255 = face, 0 = something in front, soft between; all 255 where
/// nothing was found. Deterministic, thread-safe; throws std::invalid_argument on types or shapes that do not fit.
cv::Mat UnoccludedMask(const cv::Mat& original, const cv::Mat& reconstruction);

/// How far a face agrees with its reconstruction at rest, to be learnt from frames of one track that show no
/// occlusion; UnoccludedMask without one uses defaults that suit `light` after some minutes of training. Medians, so that
/// a few samples with a hand do no harm; what covers the face in all of them is not got used to either.
struct ReconstructionHabit {
  cv::Mat mean;    ///< CV_32FC1, 32 x 32: usual residual
  cv::Mat spread;  ///< CV_32FC1, 32 x 32
};
/// Throws std::invalid_argument for none, for numbers that differ and for what UnoccludedMask refuses.
ReconstructionHabit LearnHabit(const std::vector<cv::Mat>& originals, const std::vector<cv::Mat>& reconstructions);
/// An empty habit is none.
cv::Mat UnoccludedMask(const cv::Mat& original, const cv::Mat& reconstruction, const ReconstructionHabit& habit);

}  // namespace reelswap
