#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "measure/picture_checks.h"
#include "measure/swap_scores.h"

namespace reelswap {
namespace {

constexpr int kOctaves = 3;
constexpr double kFinest = 96;  // face widths per sigma of the finest Gaussian; the coarsest is 2^3 wider
constexpr double kReach = 3;    // sigmas after which a Gaussian is over

/// Less than this share of an octave's energy sets truth and target apart: they are one picture.
constexpr double kSameFace = 1e-9;

/// Every second pixel of every second row; an odd last one is dropped.
cv::Mat Halved(const cv::Mat& picture) {
  cv::Mat half;
  cv::resize(picture(cv::Rect(0, 0, picture.cols & ~1, picture.rows & ~1)), half, {}, 0.5, 0.5,
             cv::INTER_NEAREST);
  return half;
}

cv::Mat Blurred(const cv::Mat& picture, double sigma) {
  cv::Mat blurred;
  cv::GaussianBlur(picture, blurred, {}, sigma);
  return blurred;
}

int MarginOf(double face_width) {
  const double coarsest = face_width / kFinest * (1 << kOctaves);
  return static_cast<int>(std::ceil(kReach * coarsest));
}

}  // namespace

TruthRuler::TruthRuler(const cv::Mat& target, const cv::Mat& truth, const cv::Mat& face, double face_width)
    : size_(truth.size()), face_width_(face_width) {
  RequirePicture(truth, size_, "the truth");
  RequirePicture(target, size_, "the target");
  RequireMask(face, size_);
  if (!(face_width >= 8 && face_width <= 1e5)) {  // also refuses NaN; smaller faces have no detail to compare
    throw std::invalid_argument("the face's width must lie between 8 and 100000 px");
  }
  region_ = RegionOf(face, MarginOf(face_width));
  truth_ = truth(region_).clone();
  face_ = face(region_).clone();
  const std::vector<cv::Mat> truth_detail = Detail(truth), target_detail = Detail(target);
  cv::Mat mask = face_;
  for (size_t k = 0; k < truth_detail.size(); ++k) {
    Octave octave;
    octave.number = k;
    cv::Mat inside;
    cv::Mat(mask != 0).convertTo(inside, CV_32F, 1.0 / 255);
    cv::merge(std::vector<cv::Mat>(3, inside), octave.mask);
    octave.truth = truth_detail[k].mul(octave.mask);
    octave.target = target_detail[k].mul(octave.mask);
    octave.truth_truth = octave.truth.dot(octave.truth);
    octave.target_target = octave.target.dot(octave.target);
    octave.truth_target = octave.truth.dot(octave.target);
    const double energy = octave.truth_truth * octave.target_target;
    const bool apart = energy - octave.truth_target * octave.truth_target > kSameFace * energy;
    if (apart) octaves_.push_back(std::move(octave));
    mask = Halved(mask);
  }
  if (octaves_.empty())
    throw std::invalid_argument("target and truth show the same face: there is no swap to measure");
}

// The octaves, finest first. Each is halved once its detail was taken: what is left has no finer detail, so
// no inner product changes and the whole costs little more than the first octave.
std::vector<cv::Mat> TruthRuler::Detail(const cv::Mat& bgr) const {
  const double sigma = face_width_ / kFinest;
  cv::Mat picture;
  bgr(region_).convertTo(picture, CV_32F);
  picture = Blurred(picture, sigma);
  std::vector<cv::Mat> detail;
  for (int k = 0; k < kOctaves; ++k) {
    if (picture.cols < 2 || picture.rows < 2) break;
    const cv::Mat coarser = Blurred(picture, sigma * std::sqrt(3.0));  // twice as wide in all
    detail.push_back(picture - coarser);
    picture = Halved(coarser);
  }
  return detail;
}

TruthScore TruthRuler::Score(const cv::Mat& result) const {
  RequirePicture(result, size_, "the result");
  const std::vector<cv::Mat> detail = Detail(result);
  TruthScore score;
  double artefact = 0;
  for (const Octave& octave : octaves_) {
    const cv::Mat r = detail[octave.number].mul(octave.mask);
    const double uu = octave.truth_truth, tt = octave.target_target, ut = octave.truth_target;
    const double ru = r.dot(octave.truth), rt = r.dot(octave.target);
    const double a = (ru * tt - rt * ut) / (uu * tt - ut * ut);
    const cv::Mat beside = r - (a * octave.truth + (1 - a) * octave.target);
    score.transfer += a;
    artefact += beside.dot(beside) / (uu + tt - 2 * ut);
  }
  const auto count = static_cast<double>(octaves_.size());
  score.transfer /= count;
  score.artefact = std::sqrt(artefact / count);
  score.quality = (1 - std::abs(1 - score.transfer)) / (1 + score.artefact * score.artefact);
  score.ssim = RegionSsim(result(region_), truth_, face_);
  return score;
}

TruthScore ScoreAgainstTruth(const cv::Mat& result, const cv::Mat& target, const cv::Mat& truth,
                             const cv::Mat& face, double face_width) {
  return TruthRuler(target, truth, face, face_width).Score(result);
}

}  // namespace reelswap
