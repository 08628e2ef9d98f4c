#include "face/face_track.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "face/box_overlap.h"
#include "face/dlib_room.h"
#include "face/follow_view.h"
#include "face/scaled_region.h"

namespace reelswap {
namespace {

constexpr float kSure = 0.80f;             // likeness: the same face one frame on reaches 0.9 to 0.99, speech included
constexpr float kMostStrange = 0.12f;      // of a face's shape
constexpr float kMostGrowth = 1.2f;        // in one frame
constexpr float kMostSurprise = 0.35f;     // of the box between the place expected and found
constexpr float kMostSpeed = 0.4f;         // of the box, a frame
constexpr int kCheckEvery = 10;            // frames
constexpr int kCheckAgain = 3;             // frames, after a check that saw nothing
constexpr int kMostUnseen = 90;            // frames that landmarks alone are believed
constexpr int kMostUnsure = 15;            // hands before a face hide it for 3 frames at a time; a drift lasts
constexpr double kLeastPeak = 7;           // of the correlation: what is still the same face scores 10 to 27, noise 2 to 6
constexpr float kDrifted = 0.75f;          // overlap of box and detection, mostly 0.8 to 0.9; below, the detection is right
constexpr float kTurned = 0.25f;           // of the way between the ears: the nose of a face turned by some 35 degrees
constexpr int kCheckTurned = 2;            // frames; half of such a face's landmarks are guesses, which drift
constexpr float kLearn = 0.1f;             // share of the newest picture in the face's looks
constexpr float kRelearn = 0.5f;           // after the detector saw a face that looks otherwise
constexpr float kAnother = 0.25f;          // likeness below which a returning face is somebody else

cv::Point2f Mean(const Landmarks& landmarks) {
  cv::Point2f sum;
  for (const auto& p : landmarks) sum += p;
  return sum * (1.0f / kLandmarkCount);
}

bool IsTurned(const Landmarks& l) {
  const cv::Point2f across = l[16] - l[0];
  const float nose = (l[30] - l[0]).dot(across) / std::max(across.dot(across), 1e-6f);
  return nose < kTurned || nose > 1 - kTurned;
}

/// Region search in the picture as the head stands in it: the detector sees no faces tilted by more than some 30 degrees.
std::vector<DetectedFace> SearchNear(TrackTools& tools, const cv::Mat& luma, const cv::Rect2f& place, float roll) {
  if (!MostlyInside(place, luma.size(), 0.25f)) return {};
  if (std::abs(roll) < kTilted) return tools.detector.DetectNear(luma, place);
  const auto view = TurnUpright(luma, place, roll);
  auto faces = tools.detector.DetectNear(view.image, view.box);
  for (auto& face : faces) face.box = view.ToPicture(face.box);
  std::erase_if(faces, [&](const auto& face) { return !MostlyInside(face.box, luma.size(), 0.25f); });
  return faces;
}

}  // namespace

FaceTrack::FaceTrack(int64_t id, TrackTools& tools, const cv::Mat& luma, const DetectedFace& found) : id_(id) {
  Resume(tools, luma, found);
  looks_ = fit_.patch;
  certainty_ = 1;
}
FaceTrack::~FaceTrack() = default;
FaceTrack::FaceTrack(const FaceTrack&) = default;
FaceTrack::FaceTrack(FaceTrack&&) noexcept = default;
FaceTrack& FaceTrack::operator=(FaceTrack&&) noexcept = default;

void FaceTrack::Resume(TrackTools& tools, const cv::Mat& luma, const DetectedFace& found) {
  const auto anchored = Anchor(tools, luma, found.box, 0);
  fit_ = anchored.fit;
  aside_ = anchored.aside;
  certainty_ = std::clamp(looks_.Likeness(fit_.patch), 0.0f, 1.0f);
  looks_.Mix(fit_.patch, kRelearn);
  score_ = found.score;
  speed_ = {};
  expected_ = fit_.box;
  sure_ = true;
  since_seen_ = unsure_ = 0;
  until_check_ = kCheckEvery;
  follower_.reset();
  sure_luma_ = luma;
  sure_box_ = fit_.box;
}

FaceTrack::Anchored FaceTrack::Anchor(TrackTools& tools, const cv::Mat& luma, const cv::Rect2f& seen, float roll) {
  const auto first = FitFace(*tools.finder, luma, seen, roll);
  if (!first.inside) return {first, {}};
  if (IsTurned(first.landmarks)) {
    const cv::Point2f apart = 0.5f * (seen.tl() + seen.br()) - 0.5f * (first.box.tl() + first.box.br());
    return {first, apart * (1 / first.box.width)};
  }
  // Once more from the box that follows from the landmarks, as in all frames that come.
  return {FitFace(*tools.finder, luma, first.box, first.roll), {}};
}

FaceTrack FaceTrack::Resumed(TrackTools& tools, const cv::Mat& luma, const DetectedFace& found) const {
  FaceTrack again(*this);
  again.Resume(tools, luma, found);
  return again;
}

FaceTrack FaceTrack::Backwards() const {
  FaceTrack past(*this);
  past.speed_ = -speed_;
  past.follower_.reset();
  return past;
}

cv::Point2f FaceTrack::Middle() const { return Mean(fit_.landmarks); }

bool FaceTrack::Believable(const FaceFit& fit) const {
  const float growth = fit.box.width / fit_.box.width;
  const cv::Rect2f carried = fit_.box + speed_;
  const cv::Point2f surprise = 0.5f * (fit.box.tl() + fit.box.br()) - 0.5f * (carried.tl() + carried.br());
  return fit.inside && fit.strangeness <= kMostStrange && growth <= kMostGrowth && growth >= 1 / kMostGrowth &&
         cv::norm(surprise) <= kMostSurprise * expected_.width;
}

void FaceTrack::Take(const FaceFit& fit, float score) {
  const cv::Point2f moved = Mean(fit.landmarks) - Mean(fit_.landmarks);
  const float most = kMostSpeed * fit.box.width;
  const float length = static_cast<float>(cv::norm(moved));
  speed_ = length > most ? moved * (most / length) : moved;
  fit_ = fit;
  score_ = score;
  certainty_ = std::clamp(looks_.Likeness(fit.patch), 0.0f, 1.0f);
}

bool FaceTrack::Predict(TrackTools& tools, const cv::Mat& luma) {
  ++since_seen_;
  --until_check_;
  sure_ = false;
  expected_ = fit_.box + speed_;
  if (IsTurned(fit_.landmarks)) expected_ += fit_.box.width * aside_;
  if (!MostlyInside(expected_, luma.size(), 0.25f)) {
    expected_ = fit_.box;
    return false;
  }
  const auto fit = FitFace(*tools.finder, luma, expected_, fit_.roll);
  if (!Believable(fit) || looks_.Likeness(fit.patch) < kSure || since_seen_ > kMostUnseen) return false;
  Take(fit, 0);
  looks_.Mix(fit.patch, kLearn);
  sure_ = true;
  unsure_ = 0;
  follower_.reset();
  sure_luma_ = luma;
  sure_box_ = fit_.box;
  return true;
}

bool FaceTrack::DueForCheck() const {
  return until_check_ <= 0 || (until_check_ <= kCheckEvery - kCheckTurned && IsTurned(fit_.landmarks));
}

bool FaceTrack::Search(TrackTools& tools, const cv::Mat& luma, const IsTaken& taken) {
  const cv::Rect2f place = sure_ ? fit_.box : expected_;
  until_check_ = kCheckAgain;
  ++tools.tally.region_searches;
  for (const auto& found : SearchNear(tools, luma, place, fit_.roll)) {
    if (!SameFace(found.box, place) || taken(found.box)) continue;
    if (!sure_ || BoxOverlap(found.box, fit_.box) < kDrifted || IsTurned(fit_.landmarks)) {
      const auto [fit, aside] = Anchor(tools, luma, found.box, fit_.roll);
      if (!fit.inside || fit.strangeness > kMostStrange) continue;
      Take(fit, found.score);
      aside_ = aside;
      looks_.Mix(fit.patch, certainty_ < kSure ? kRelearn : kLearn);
    }
    score_ = found.score;
    sure_ = true;
    since_seen_ = unsure_ = 0;
    until_check_ = kCheckEvery;
    follower_.reset();
    sure_luma_ = luma;
    sure_box_ = fit_.box;
    return true;
  }
  return false;
}

bool FaceTrack::RememberSureLooks() {
  if (follower_) return true;
  if (sure_luma_.empty()) return false;
  const FollowView before(sure_luma_, sure_box_);
  sure_luma_.release();
  if (before.image.empty()) return false;
  follower_ = std::make_shared<CorrelationFollower>(before.image, before.FromFrame(sure_box_));
  return true;
}

bool FaceTrack::CarryOn(TrackTools& tools, const cv::Mat& luma) {
  if (++unsure_ > kMostUnsure || !RememberSureLooks()) return false;
  const FollowView around(luma, fit_.box);
  if (around.image.empty()) return false;
  const auto step = follower_->Follow(around.image, around.FromFrame(fit_.box));
  const cv::Rect2f box = around.ToFrame(step.box);
  // Of a picture without any contrast the certainty is no number.
  if (!(step.certainty >= kLeastPeak) || !MostlyInside(box, luma.size(), 0.5f)) return false;
  auto fit = FitFace(*tools.finder, luma, box, fit_.roll);
  if (!fit.inside || fit.strangeness > kMostStrange || !SameFace(fit.box, box)) return false;
  fit.box = box;  // landmarks on a hand must not resize the face
  Take(fit, 0);
  return true;
}

void FaceTrack::Hold() {
  (void)RememberSureLooks();  // flashes may go on for longer than frames are kept
  certainty_ = 0;
  score_ = 0;
}

bool FaceTrack::CouldBe(TrackTools& tools, const cv::Mat& luma, const DetectedFace& found, int64_t frames) const {
  const float reach = 1.0f + 0.1f * static_cast<float>(std::min<int64_t>(frames, 10));
  const cv::Point2f apart = 0.5f * (found.box.tl() + found.box.br()) - 0.5f * (fit_.box.tl() + fit_.box.br());
  const float ratio = std::max(found.box.width, fit_.box.width) / std::min(found.box.width, fit_.box.width);
  if (ratio > 1.5f || cv::norm(apart) > 0.6f * reach * fit_.box.width) return false;
  return looks_.Likeness(FitFace(*tools.finder, luma, found.box).patch) > kAnother;
}

bool FaceTrack::LooksLikeAFace() const { return fit_.inside && fit_.strangeness <= kMostStrange; }

TrackedFace FaceTrack::Face() const { return {id_, {fit_.box, score_, fit_.landmarks}, certainty_}; }

}  // namespace reelswap
