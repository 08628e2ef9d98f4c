#include "pipeline/video_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_tracker.h"
#include "measure/swap_scores.h"
#include "media/video_reader.h"
#include "pipeline/crop_places.h"
#include "pipeline/face_comparison.h"
#include "pipeline/identity_galleries.h"
#include "pipeline/workspace.h"

namespace reelswap {
namespace {

constexpr int64_t kRun = 4;            // neighbours, for the restlessness
constexpr double kUnchanged = 2.0 / 255;  // mean difference that compression alone leaves inside a face

class VideoTrial {
 public:
  VideoTrial(const VideoTrialOptions& options, const std::vector<TrainingFaces>& people, ProgressSink& progress,
             std::stop_token stop)
      : options_(options), people_(people), progress_(progress), stop_(std::move(stop)), result_(options.result),
        original_(options.original, Range(options)) {
    RequireSameSize();
  }

  VideoScores Run() {
    const int64_t total = ExpectedFrames();
    // Runs of kRun frames begin every `stride` frames.
    const int64_t most = std::max<int64_t>(options_.frames, kRun);
    const int64_t stride = std::max<int64_t>(kRun, (total * kRun + most - 1) / most);
    FaceTracker tracker({options_.min_face_size, 0.0f});
    int64_t number = 0;
    for (;; ++number) {
      if (stop_.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted; nothing was written");
      const auto before = original_.Next(), after = result_.Next();
      if (!before || !after) break;
      const int64_t in_stride = number % stride;
      if (in_stride == 0) tracker = FaceTracker({options_.min_face_size, 0.0f});
      if (in_stride < kRun && looked_at_ < most) LookAt(*before, *after, number, tracker);
      Report(number, total);
    }
    RequireFaces(number);
    return Finish();
  }

 private:
  static ReadOptions Range(const VideoTrialOptions& options) {
    ReadOptions range;
    range.start_seconds = options.original_start_seconds;
    return range;
  }

  void RequireSameSize() const {
    const FrameFormat &a = original_.info().format, &b = result_.info().format;
    if (a.width == b.width && a.height == b.height) return;
    throw Error(ErrorKind::kMedia, fmt::format("{} is {} x {} px and {} {} x {}: compare the swapped video itself (not its "
                                               "side-by-side version) with the video it was made from",
                                               options_.result.string(), b.width, b.height, options_.original.string(),
                                               a.width, a.height));
  }

  int64_t ExpectedFrames() const {
    const VideoInfo& info = result_.info();
    if (info.declared_frames > 0) return info.declared_frames;
    return static_cast<int64_t>(info.duration_seconds * info.frame_rate.ToDouble());
  }

  void LookAt(const Frame& before, const Frame& after, int64_t number, FaceTracker& tracker) {
    ++looked_at_;
    const auto face = tracker.Update(before.Luma8());
    if (!face) {
      ++scores_.frames_without_face;
      return;
    }
    const AlignedFace aligned = AlignFace(before, *face, kStoredCrop);
    FaceBefore known;
    known.picture = aligned.image;
    known.landmarks = Moved(aligned.face_from_frame, face->landmarks);
    known.box = Moved(aligned.face_from_frame, face->box);
    known.source = "video";
    known.frame_index = number;
    known.seconds = static_cast<double>(before.pts()) * original_.info().time_base.ToDouble();
    known = LookAtFace(std::move(known), detector_);
    if (cv::countNonZero(known.mask) == 0) return;
    // The same region of the result: the swap keeps the place, and the original's landmarks say where it is.
    cv::Mat swapped = AlignFace(after, *face, kStoredCrop).image;
    if (RegionL1(known.picture, swapped, known.mask) < kUnchanged) ++scores_.frames_unswapped;
    after_.push_back(CompareFace(known, swapped, detector_));
    before_.push_back(std::move(known));
    poses_.push_back(aligned.pose);
  }

  void RequireFaces(int64_t frames) const {
    if (frames == 0) {
      throw Error(ErrorKind::kMedia, fmt::format("{} has no frame from {} s on: does the result belong to it?",
                                                 options_.original.string(), options_.original_start_seconds));
    }
    if (!before_.empty()) return;
    throw Error(ErrorKind::kFaces, fmt::format("no face was found in {} frames of {}: there is nothing to compare",
                                               looked_at_, options_.original.string()));
  }

  VideoScores Finish() {
    MeasureIdentity();
    scores_.direction = SummariseFaces(options_.from, options_.to, before_, after_);
    MakePictures();
    return std::move(scores_);
  }

  void MeasureIdentity() {
    if (!options_.identity_weights) return;
    IdentityGalleries galleries(*options_.identity_weights, people_);
    const IdentityGallery *shown = galleries.Find(options_.to), *replaced = galleries.Find(options_.from);
    for (const auto& [gallery, person] : {std::pair(shown, options_.to), std::pair(replaced, options_.from)}) {
      if (gallery != nullptr) continue;
      scores_.warnings.push_back(fmt::format("identity is not measured: no face of {} is known (`reelswap preprocess` "
                                             "finds those of the project's sources)", person));
    }
    if (shown == nullptr || replaced == nullptr) return;
    std::vector<FaceEmbedder::Face> faces;
    for (size_t i = 0; i < after_.size(); ++i) faces.push_back({after_[i].picture, before_[i].landmarks});
    const std::vector<FaceEmbedding> embeddings = galleries.Embed(faces);
    for (size_t i = 0; i < after_.size(); ++i) {
      after_[i].identity_to = shown->Distance(embeddings[i]);
      after_[i].identity_from = replaced->Distance(embeddings[i]);
    }
    scores_.gallery_distance = galleries.BetweenPeople();
  }

  double Quality(const FaceAfter& face) const {
    ScoreParts parts;
    parts.identity_margin = face.Margin();
    parts.gallery_distance = scores_.gallery_distance;
    parts.expression_error = face.expression_percent;
    return HeadlineScore(parts).value_or(0);
  }

  void MakePictures() {
    std::vector<size_t> order(after_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return Quality(after_[a]) > Quality(after_[b]); });
    for (const size_t place : {size_t{0}, order.size() / 2, order.size() - 1}) {
      const size_t i = order[place];
      FootagePicture picture{options_.from, options_.to, before_[i].picture, after_[i].picture,
                             NearestKnown(poses_[i]), Quality(after_[i]), {}};
      picture.numbers = {{"pose", after_[i].pose_degrees}, {"expression", after_[i].expression_percent}};
      if (after_[i].Margin()) picture.numbers["margin"] = *after_[i].Margin();
      scores_.pictures.push_back(std::move(picture));
    }
  }

  /// The shown person's training face of the nearest pose, or empty.
  cv::Mat NearestKnown(const HeadPose& pose) const {
    for (const TrainingFaces& person : people_) {
      if (person.person == options_.to) return NearestPoseFace(person, pose);
    }
    return {};
  }

  void Report(int64_t number, int64_t total) const {
    ProgressEvent event;
    event.stage = "evaluate";
    event.item = options_.result.filename().string();
    event.done = static_cast<double>(number + 1);
    event.total = static_cast<double>(total);
    event.unit = "frames";
    progress_.Report(event);
  }

  const VideoTrialOptions& options_;
  const std::vector<TrainingFaces>& people_;
  ProgressSink& progress_;
  const std::stop_token stop_;
  VideoReader result_;
  VideoReader original_;
  FaceDetector detector_;
  std::vector<FaceBefore> before_;
  std::vector<FaceAfter> after_;
  std::vector<HeadPose> poses_;
  int64_t looked_at_ = 0;
  VideoScores scores_;
};

}  // namespace

std::map<std::string, double> VideoScores::Numbers() const {
  FootageScores scores;
  scores.directions = {direction};
  scores.gallery_distance = gallery_distance;
  std::map<std::string, double> numbers = scores.Numbers();
  numbers["frames"] = static_cast<double>(direction.frames);
  numbers["frames without face"] = static_cast<double>(frames_without_face);
  numbers["frames unswapped"] = static_cast<double>(frames_unswapped);
  return numbers;
}

VideoScores ScoreVideo(const VideoTrialOptions& options, const std::vector<TrainingFaces>& people,
                       ProgressSink& progress, std::stop_token stop) {
  return VideoTrial(options, people, progress, std::move(stop)).Run();
}

}  // namespace reelswap
