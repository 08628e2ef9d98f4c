#include "pipeline/actor_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "core/error.h"
#include "face/align.h"
#include "face/face_detector.h"
#include "face/face_tracker.h"
#include "pipeline/actor_clips.h"
#include "pipeline/face_replacement.h"

namespace reelswap {
namespace {

/// A moment in which a face was found. Pictures are cut to the surroundings of its run's faces.
struct TrialFrame {
  int run = 0;
  HeadPose pose;
  cv::Mat target, truth;
  cv::Mat mask;  ///< of the truth's face
  Landmarks true_landmarks{};
  DetectedFace face;  ///< as found on the target
  cv::Mat crop;       ///< what the network gets
  cv::Mat ideal;      ///< what a perfect one gives back
  cv::Matx23f face_from_frame;
  TruthRuler ruler;
};

struct FrameResult {
  cv::Mat picture;
  TruthScore score;
  double landmark_error = 0;
};

void MoveBy(Landmarks& landmarks, cv::Point2f by) {
  for (cv::Point2f& p : landmarks) p += by;
}

/// All that pasting, scoring and finding landmarks can touch of a face: its box grown by half, the crop's
/// square and the coarsest filter's reach around the hull are all within one face's size around it.
cv::Rect Surroundings(const DetectedFace& face, const Landmarks& truth) {
  std::vector<cv::Point2f> points(face.landmarks.begin(), face.landmarks.end());
  points.insert(points.end(), truth.begin(), truth.end());
  const cv::Rect box = cv::boundingRect(points) | cv::Rect(face.box);
  return {box.x - box.width / 2, box.y - box.height / 2, 2 * box.width, 2 * box.height};
}

/// The parallel loops' share of work.
template <typename Work>
void ForEach(size_t count, const Work& work) {
  cv::parallel_for_({0, static_cast<int>(count)}, [&](const cv::Range& range) {
    for (int i = range.start; i < range.end; ++i) work(static_cast<size_t>(i));
  });
}

/// Faces as a conversion finds them: followed through each run.
std::vector<std::optional<DetectedFace>> FindFaces(const std::vector<ActorMoment>& moments) {
  std::vector<std::optional<DetectedFace>> faces(moments.size());
  const int runs = moments.back().run + 1;
  ForEach(static_cast<size_t>(runs), [&](size_t run) {
    FaceTracker tracker;
    for (size_t i = 0; i < moments.size(); ++i) {
      if (moments[i].run == static_cast<int>(run)) faces[i] = tracker.Update(LumaOfPhoto(moments[i].target));
    }
  });
  return faces;
}

TruthScore Mean(const std::vector<TruthScore>& scores) {
  TruthScore mean;
  const auto count = static_cast<double>(scores.size());
  for (const TruthScore& score : scores) {
    mean.transfer += score.transfer / count;
    mean.artefact += score.artefact / count;
    mean.quality += score.quality / count;
    mean.ssim += score.ssim / count;
  }
  return mean;
}

TruthScore MedianOf(const std::vector<TruthScore>& scores) {
  const auto median = [&](double TruthScore::*number) {
    std::vector<double> values;
    for (const TruthScore& score : scores) values.push_back(score.*number);
    return Median(std::move(values));
  };
  return {median(&TruthScore::transfer), median(&TruthScore::artefact), median(&TruthScore::quality),
          median(&TruthScore::ssim)};
}

double LandmarkErrorOn(const cv::Mat& picture, const TrialFrame& frame, const FaceDetector& detector) {
  return LandmarkError(detector.FindLandmarks(LumaOfPhoto(picture), frame.face.box), frame.true_landmarks);
}

std::string Caption(const char* rank, const std::string& what, double quality, const HeadPose& pose) {
  return fmt::format("{}: {}, quality {:.2f}, yaw {:+.0f}, pitch {:+.0f}", rank, what, quality, pose.yaw,
                     pose.pitch);
}

}  // namespace

struct ActorTrial::Impl {
  std::string target_person, source_person;
  CropGeometry output;
  std::vector<TrialFrame> frames;
  int without_face = 0;
  double landmark_error_floor = 0;

  /// Keeps the moments in which a face was found, each run cut to one region.
  void Take(const std::vector<ActorMoment>& moments, const CropGeometry& input) {
    const std::vector<std::optional<DetectedFace>> faces = FindFaces(moments);
    std::map<int, cv::Rect> regions;
    for (size_t i = 0; i < moments.size(); ++i) {
      if (faces[i]) regions[moments[i].run] |= Surroundings(*faces[i], moments[i].landmarks);
    }
    for (size_t i = 0; i < moments.size(); ++i) {
      if (faces[i]) {
        frames.push_back(Cut(moments[i], *faces[i], regions.at(moments[i].run), input));
      } else {
        ++without_face;
      }
    }
  }

  TrialFrame Cut(const ActorMoment& moment, DetectedFace face, cv::Rect region,
                 const CropGeometry& input) const {
    region &= cv::Rect({}, moment.target.size());
    const cv::Mat crop = AlignFace(moment.target, face, input).image;
    const cv::Mat ideal = AlignFace(moment.truth, face, output).image;
    const cv::Point2f by(-region.tl());
    Landmarks true_landmarks = moment.landmarks;
    MoveBy(true_landmarks, by);
    MoveBy(face.landmarks, by);
    face.box += by;
    const cv::Mat target = moment.target(region).clone(), truth = moment.truth(region).clone();
    const cv::Mat mask = FaceHullMask(true_landmarks, region.size());
    return {moment.run,
            moment.pose,
            target,
            truth,
            mask,
            true_landmarks,
            face,
            crop,
            ideal,
            FaceFromFrame(face.landmarks, output),
            TruthRuler(target, truth, mask, std::sqrt(cv::countNonZero(mask)))};
  }

  void MeasureFloor() {
    std::vector<double> errors(frames.size());
    ForEach(frames.size(),
            [&](size_t i) { errors[i] = LandmarkErrorOn(frames[i].truth, frames[i], FaceDetector()); });
    for (const double error : errors) landmark_error_floor += error / static_cast<double>(errors.size());
  }

  std::vector<SwappedCrop> Swapped(const SwapFunction& swap) const {
    std::vector<cv::Mat> crops;
    for (const TrialFrame& frame : frames) crops.push_back(frame.crop.clone());  // a swap may work in place
    std::vector<SwappedCrop> swapped = swap(crops, source_person);
    if (swapped.size() != frames.size()) {
      throw std::invalid_argument(
          fmt::format("{} faces were swapped into {}", frames.size(), swapped.size()));
    }
    for (const auto& [image, mask] : swapped) {
      if (image.type() != CV_8UC3 || image.size() != cv::Size(output.size, output.size)) {
        throw std::invalid_argument(fmt::format("a swapped face must be 8-bit BGR of {0}x{0} px, not {1}x{2}",
                                                output.size, image.cols, image.rows));
      }
      if (!mask.empty() && (mask.type() != CV_8UC1 || mask.size() != image.size())) {
        throw std::invalid_argument(fmt::format("a swapped face's mask must be 8-bit gray of {0}x{0} px, "
                                                "not {1}x{2}",
                                                output.size, mask.cols, mask.rows));
      }
    }
    return swapped;
  }

  std::vector<FrameResult> Results(const std::vector<SwappedCrop>& swapped) const {
    std::vector<FrameResult> results(frames.size());
    ForEach(frames.size(), [&](size_t i) {
      const TrialFrame& frame = frames[i];
      FrameResult& result = results[i];
      result.picture = frame.target.clone();
      PasteFace(result.picture, {swapped[i].image, swapped[i].mask, frame.face_from_frame}, frame.face.landmarks);
      result.score = frame.ruler.Score(result.picture);
      result.landmark_error = LandmarkErrorOn(result.picture, frame, FaceDetector());
    });
    return results;
  }

  /// Restlessness of the results over that of the truth, over all runs with three frames; 0 without one.
  double FlickerOf(const std::vector<FrameResult>& results) const {
    double result = 0, truth = 0;
    for (size_t first = 0; first < frames.size();) {
      std::vector<cv::Mat> result_frames, truth_frames, masks;
      size_t i = first;
      for (; i < frames.size() && frames[i].run == frames[first].run; ++i) {
        result_frames.push_back(results[i].picture);
        truth_frames.push_back(frames[i].truth);
        masks.push_back(frames[i].mask);
      }
      first = i;
      if (masks.size() < 3) continue;
      const auto triples = static_cast<double>(masks.size() - 2);
      result += triples * Flicker(result_frames, masks);
      truth += triples * Flicker(truth_frames, masks);
    }
    return truth > 0 ? result / truth : 0;
  }

  ActorScores Scores(const std::vector<SwappedCrop>& swapped) const {
    const std::vector<FrameResult> results = Results(swapped);
    ActorScores scores;
    std::vector<TruthScore> all;
    for (const FrameResult& result : results) {
      all.push_back(result.score);
      scores.landmark_error += result.landmark_error / static_cast<double>(results.size());
    }
    scores.mean = Mean(all);
    scores.median = MedianOf(all);
    scores.landmark_error_floor = landmark_error_floor;
    scores.flicker = FlickerOf(results);
    scores.frames = static_cast<int>(frames.size());
    scores.frames_without_face = without_face;
    return scores;
  }
};

std::map<std::string, double> ActorScores::Numbers() const {
  return {{"quality", mean.quality},
          {"quality median", median.quality},
          {"transfer", mean.transfer},
          {"transfer median", median.transfer},
          {"artefact", mean.artefact},
          {"artefact median", median.artefact},
          {"ssim", mean.ssim},
          {"ssim median", median.ssim},
          {"landmark error", landmark_error},
          {"landmark error floor", landmark_error_floor},
          {"flicker", flicker},
          {"frames", frames},
          {"frames without face", frames_without_face}};
}

ActorTrial::ActorTrial(const std::string& target_person, const ActorIdentity& target,
                       const std::string& source_person, const ActorIdentity& source,
                       const CropGeometry& input, const CropGeometry& output,
                       const ActorTrialOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->target_person = target_person;
  impl_->source_person = source_person;
  impl_->output = output;
  impl_->Take(RenderMoments(target, source, options), input);
  if (impl_->frames.empty()) {
    throw Error(ErrorKind::kFaces,
                fmt::format("no face was found in any of {} rendered frames of {}: larger pictures "
                            "or a smaller range of poses may help",
                            impl_->without_face, target_person));
  }
  impl_->MeasureFloor();
}

ActorTrial::~ActorTrial() = default;
ActorTrial::ActorTrial(ActorTrial&&) noexcept = default;
ActorTrial& ActorTrial::operator=(ActorTrial&&) noexcept = default;

ActorScores ActorTrial::Run(const SwapFunction& swap) const { return impl_->Scores(impl_->Swapped(swap)); }

ActorScores ActorTrial::Ceiling() const {
  std::vector<SwappedCrop> ideal;
  for (const TrialFrame& frame : impl_->frames) ideal.push_back({frame.ideal, {}});
  return impl_->Scores(ideal);
}

std::vector<TrialPicture> ActorTrial::Pictures(const SwapFunction& swap) const {
  const std::vector<FrameResult> results = impl_->Results(impl_->Swapped(swap));
  std::vector<size_t> order(results.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return results[a].score.quality > results[b].score.quality; });
  std::vector<std::pair<const char*, size_t>> picks = {{"best", order.front()}};
  if (order.size() > 2) picks.emplace_back("median", order[order.size() / 2]);
  if (order.size() > 1) picks.emplace_back("worst", order.back());
  const std::string what = fmt::format("{} as {}", impl_->target_person, impl_->source_person);
  std::vector<TrialPicture> pictures;
  for (const auto& [rank, i] : picks) {
    const TrialFrame& frame = impl_->frames[i];
    const double quality = results[i].score.quality;
    pictures.push_back({frame.target, results[i].picture, frame.truth, quality,
                        Caption(rank, what, quality, frame.pose), frame.pose});
  }
  return pictures;
}

}  // namespace reelswap
