#include "pipeline/footage_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_detector.h"
#include "measure/swap_scores.h"
#include "model/face_loader.h"
#include "pipeline/crop_places.h"
#include "pipeline/face_comparison.h"
#include "pipeline/face_replacement.h"
#include "pipeline/identity_galleries.h"
#include "pipeline/workspace.h"

namespace reelswap {
namespace {

constexpr size_t kBatch = 16;         // faces of one network call
constexpr double kFlatShare = 5;     // of the crop, sigma of the blur that leaves skin and light alone
constexpr size_t kRealFaces = 64;    // of a person, to say how near real faces are

/// A held-out face, ready to be swapped and compared.
struct Probe {
  cv::Mat input;        ///< what the network takes
  cv::Mat output;       ///< what a perfect decoder of its own would give back
  cv::Mat output_face;  ///< mask of the face in `output`
  double flat_ssim = 0; ///< of `output` without its features: what knowing nothing but skin and light scores
  HeadPose pose;        ///< as stored with the face
};

struct Subject {
  std::string name;
  bool same_clip = false;
  std::vector<Probe> probes;
  std::vector<FaceBefore> faces;  ///< of the probes
  TrainingFaces training;
  std::optional<double> identity_real;
};

double Mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<size_t> Spread(size_t faces, size_t count) {
  std::vector<size_t> chosen;
  const size_t some = std::min(faces, count);
  for (size_t i = 0; i < some; ++i) chosen.push_back(i * faces / some);
  return chosen;
}

double PoseDistance(const HeadPose& a, const HeadPose& b) {
  return std::hypot(a.yaw - b.yaw, a.pitch - b.pitch) + 0.5 * std::abs(a.roll - b.roll);
}

}  // namespace

struct FootageTrial::Impl {
  Impl(std::vector<TrialPerson> people, const CropGeometry& input, const CropGeometry& output,
       const FootageTrialOptions& options)
      : input_(input), output_(output), output_from_stored_(CropFromCrop(kStoredCrop, output)) {
    if (options.identity_weights) {
      std::vector<TrainingFaces> known;
      for (const TrialPerson& person : people) known.push_back(person.training);
      galleries_.emplace(*options.identity_weights, known);
      gallery_distance_ = galleries_->BetweenPeople();
    }
    bool any = false;
    for (TrialPerson& person : people) {
      Subject made;
      made.name = person.name;
      made.same_clip = person.same_clip;
      made.training = std::move(person.training);
      for (const size_t i : SpreadInRuns(person.held_out.size(), static_cast<size_t>(options.frames))) {
        AddProbe(made, person.held_out[i]);
      }
      any = any || !made.probes.empty();
      MeasureRealFaces(made);
      people_.push_back(std::move(made));
    }
    if (!any) throw Error(ErrorKind::kFaces, "no face was held out of the training: there is nothing to judge it by");
  }

  void AddProbe(Subject& subject, const HeldOutFace& face) const {
    FaceBefore before;
    before.picture = ReadPhoto(face.image);
    if (before.picture.cols != kStoredCrop.size || before.picture.rows != kStoredCrop.size) {
      throw Error(ErrorKind::kFaces, fmt::format("{} is not a stored face of {} px", face.image.string(), kStoredCrop.size));
    }
    before.landmarks = face.landmarks;
    before.box = face.box;
    before.source = face.source;
    before.frame_index = face.frame_index;
    before.seconds = face.seconds;
    subject.faces.push_back(LookAtFace(std::move(before), detector_));
    Probe probe;
    probe.input = CutPlain(face.image, kStoredCrop, input_);
    probe.output = CutPlain(face.image, kStoredCrop, output_);
    probe.output_face = FaceHullMask(Moved(output_from_stored_, face.landmarks), probe.output.size());
    if (cv::countNonZero(probe.output_face) > 0) {
      cv::Mat flat;
      cv::GaussianBlur(probe.output, flat, {}, output_.size / kFlatShare);
      probe.flat_ssim = RegionSsim(flat, probe.output, probe.output_face);
    }
    probe.pose = face.pose;
    subject.probes.push_back(std::move(probe));
  }

  const IdentityGallery* GalleryOf(const Subject& subject) const {
    return galleries_ ? galleries_->Find(subject.name) : nullptr;
  }

  /// How near the person's own new faces are: what a perfect swap would have.
  void MeasureRealFaces(Subject& subject) {
    const IdentityGallery* gallery = GalleryOf(subject);
    if (gallery == nullptr || subject.faces.empty()) return;
    std::vector<FaceEmbedder::Face> faces;
    for (const size_t i : Spread(subject.faces.size(), kRealFaces)) {
      faces.push_back({subject.faces[i].picture, subject.faces[i].landmarks});
    }
    std::vector<double> distances;
    for (const FaceEmbedding& face : galleries_->Embed(faces)) distances.push_back(gallery->Distance(face));
    subject.identity_real = Mean(distances);
  }

  /// Every probe of `from` through the decoder of `to`, in batches.
  std::vector<SwappedCrop> SwapAll(const SwapFunction& swap, const Subject& from, const std::string& to) const {
    std::vector<SwappedCrop> swapped;
    std::vector<cv::Mat> batch;
    for (size_t i = 0; i < from.probes.size(); ++i) {
      batch.push_back(from.probes[i].input);
      if (batch.size() < kBatch && i + 1 < from.probes.size()) continue;
      const std::vector<SwappedCrop> some = swap(batch, to);
      swapped.insert(swapped.end(), some.begin(), some.end());
      batch.clear();
    }
    return swapped;
  }

  /// Of the decoder's picture itself, whatever its mask would hide: inside the face.
  SelfReconstruction Reconstruct(const SwapFunction& swap, const Subject& person) const {
    const std::vector<SwappedCrop> swapped = SwapAll(swap, person, person.name);
    std::vector<double> ssim, flat, l1;
    for (size_t i = 0; i < swapped.size(); ++i) {
      const Probe& probe = person.probes[i];
      if (cv::countNonZero(probe.output_face) == 0) continue;  // a face beside its crop
      ssim.push_back(RegionSsim(swapped[i].image, probe.output, probe.output_face));
      flat.push_back(probe.flat_ssim);
      l1.push_back(RegionL1(swapped[i].image, probe.output, probe.output_face));
    }
    const double featureless = Mean(flat);
    const double detail = featureless < 1 ? (Mean(ssim) - featureless) / (1 - featureless) : 0;
    return {person.name, static_cast<int64_t>(swapped.size()), Mean(ssim), detail, Mean(l1), person.same_clip};
  }

  std::vector<FaceAfter> SwapAndMeasure(const SwapFunction& swap, const Subject& from, const Subject& to) {
    const std::vector<SwappedCrop> swapped = SwapAll(swap, from, to.name);
    std::vector<FaceAfter> results;
    for (size_t i = 0; i < swapped.size(); ++i) {
      cv::Mat picture = from.faces[i].picture.clone();
      PasteFace(picture, {swapped[i].image, swapped[i].mask, output_from_stored_}, from.faces[i].landmarks);
      results.push_back(CompareFace(from.faces[i], picture, detector_));
    }
    const IdentityGallery *shown = GalleryOf(to), *replaced = GalleryOf(from);
    if (shown == nullptr || replaced == nullptr) return results;
    std::vector<FaceEmbedder::Face> faces;
    for (size_t i = 0; i < results.size(); ++i) faces.push_back({results[i].picture, from.faces[i].landmarks});
    const std::vector<FaceEmbedding> embeddings = galleries_->Embed(faces);
    for (size_t i = 0; i < results.size(); ++i) {
      results[i].identity_to = shown->Distance(embeddings[i]);
      results[i].identity_from = replaced->Distance(embeddings[i]);
    }
    return results;
  }

  FootageScores Run(const SwapFunction& swap) {
    FootageScores scores;
    scores.gallery_distance = gallery_distance_;
    for (const Subject& from : people_) {
      if (from.probes.empty()) continue;
      scores.people.push_back(Reconstruct(swap, from));
      for (const Subject& to : people_) {
        if (to.name == from.name) continue;
        scores.directions.push_back(SummariseFaces(from.name, to.name, from.faces, SwapAndMeasure(swap, from, to)));
        scores.directions.back().identity_real = to.identity_real;
      }
    }
    return scores;
  }

  /// What a frame is ranked by: the same parts as the headline, without the reconstruction.
  double Quality(const FaceAfter& result) const {
    ScoreParts parts;
    parts.identity_margin = result.Margin();
    parts.gallery_distance = gallery_distance_;
    parts.expression_error = result.expression_percent;
    return HeadlineScore(parts).value_or(0);
  }

  FootagePicture MakePicture(const Subject& from, const Subject& to, size_t i, const FaceAfter& result) const {
    FootagePicture picture{from.name, to.name, from.faces[i].picture, result.picture,
                           NearestPoseFace(to.training, from.probes[i].pose), Quality(result), {}};
    picture.numbers["pose"] = result.pose_degrees;
    picture.numbers["expression"] = result.expression_percent;
    if (result.Margin()) picture.numbers["margin"] = *result.Margin();
    return picture;
  }

  std::vector<FootagePicture> Pictures(const SwapFunction& swap) {
    std::vector<FootagePicture> pictures;
    for (const Subject& from : people_) {
      for (const Subject& to : people_) {
        if (to.name == from.name || from.probes.empty()) continue;
        const std::vector<FaceAfter> results = SwapAndMeasure(swap, from, to);
        std::vector<size_t> order(results.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return Quality(results[a]) > Quality(results[b]); });
        for (const size_t place : {size_t{0}, order.size() / 2, order.size() - 1}) {
          const size_t i = order[place];
          pictures.push_back(MakePicture(from, to, i, results[i]));
        }
      }
    }
    return pictures;
  }

  const CropGeometry input_, output_;
  const cv::Matx23f output_from_stored_;
  FaceDetector detector_;
  std::optional<IdentityGalleries> galleries_;
  std::vector<Subject> people_;
  double gallery_distance_ = 0;
};

cv::Mat NearestPoseFace(const TrainingFaces& person, const HeadPose& pose) {
  if (person.images.empty()) return {};
  size_t best = 0;
  for (size_t i = 1; i < person.poses.size(); ++i) {
    if (PoseDistance(person.poses[i], pose) < PoseDistance(person.poses[best], pose)) best = i;
  }
  return ReadPhoto(person.images[best]);
}

FootageTrial::FootageTrial(std::vector<TrialPerson> people, const CropGeometry& input, const CropGeometry& output,
                           const FootageTrialOptions& options)
    : impl_(std::make_unique<Impl>(std::move(people), input, output, options)) {}

FootageTrial::~FootageTrial() = default;
FootageTrial::FootageTrial(FootageTrial&&) noexcept = default;
FootageTrial& FootageTrial::operator=(FootageTrial&&) noexcept = default;

FootageScores FootageTrial::Run(const SwapFunction& swap) { return impl_->Run(swap); }

std::vector<FootagePicture> FootageTrial::Pictures(const SwapFunction& swap) { return impl_->Pictures(swap); }

}  // namespace reelswap
