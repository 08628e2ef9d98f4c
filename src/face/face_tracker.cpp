#include "face/face_tracker.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <stdexcept>

#include "face/dlib_room.h"
#include "face/face_fit.h"
#include "face/follow_view.h"

namespace reelswap {
namespace {

constexpr int kWholeSearchEvery = 10;      // frames, while unsure
constexpr int kMostUnsureFrames = 15;      // hands before a face hide it from HOG for 3 frames at a time; a drift lasts
constexpr double kLeastCertainty = 7;      // what is still the same face scores 10 to 27, noise 2 to 6
constexpr int kSearchAlways = 5;      // lost frames that are all searched
constexpr int kSearchEvery = 3;       // then every third
constexpr int kRememberFrames = 30;   // a lost face that returns to its place within these is preferred to a larger one
constexpr double kCutDifference = 15;  // luma steps: waving hands reach 6, two shots of unlike rooms 16 to 60
const cv::Size kThumbnail(32, 18);

/// A small picture of the whole frame; every fourth row is enough for it.
cv::Mat Thumbnail(const cv::Mat& luma) {
  const int skip = luma.rows >= 4 * kThumbnail.height ? 4 : 1;
  const cv::Mat rows(luma.rows / skip, luma.cols, CV_8UC1, const_cast<uchar*>(luma.data), luma.step * skip);
  cv::Mat small;
  cv::resize(rows, small, kThumbnail, 0, 0, cv::INTER_AREA);
  return small;
}

/// Landmarks on something that is no face collapse or leave the box.
bool LandmarksFit(const DetectedFace& face) {
  const cv::Rect2f hull = cv::boundingRect(std::vector<cv::Point2f>(face.landmarks.begin(), face.landmarks.end()));
  const cv::Rect2f room(face.box.x - 0.3f * face.box.width, face.box.y - 0.3f * face.box.height, 1.6f * face.box.width,
                        1.6f * face.box.height);
  return (hull & room).area() >= 0.98f * hull.area() && hull.width >= 0.5f * face.box.width &&
         hull.height >= 0.5f * face.box.height;
}

}  // namespace

struct FaceTracker::Impl {
  FaceDetector detector;
  TrackerTally tally;
  cv::Size frame_size;
  cv::Mat thumbnail;                      // of the previous frame
  std::optional<DetectedFace> face;       // where it was in the previous frame
  std::optional<FollowView> confirmed;  // picture of the last frame in which the detector saw it
  std::optional<CorrelationFollower> follower;  // made when the detector first misses
  int unsure_frames = 0;                  // since the detector saw the face
  int lost_frames = 0;                    // since it was given up
  std::optional<cv::Rect2f> remembered;   // last place of a face that was given up

  explicit Impl(const DetectorOptions& options) : detector(options) {}

  bool IsCut(const cv::Mat& luma) {
    cv::Mat now = Thumbnail(luma);
    std::swap(now, thumbnail);
    if (now.empty() || luma.size() != frame_size) return !now.empty();
    return cv::norm(now, thumbnail, cv::NORM_L1) / kThumbnail.area() > kCutDifference;
  }

  void Confirm(const cv::Mat& luma, const DetectedFace& found) {
    face = found;
    confirmed.emplace(luma, found.box);
    follower.reset();
    unsure_frames = 0;
    lost_frames = 0;
    remembered.reset();
  }

  void GiveUp() {
    if (face) remembered = face->box;
    face.reset();
    follower.reset();
    unsure_frames = 0;
    lost_frames = 0;
  }

  std::optional<DetectedFace> SearchWhole(const cv::Mat& luma, const std::optional<cv::Rect2f>& expected) {
    ++tally.whole_searches;
    const auto faces = detector.Detect(luma);
    if (expected) {
      for (const auto& f : faces) {
        if (SameFace(f.box, *expected)) return f;
      }
    }
    return faces.empty() ? std::nullopt : std::optional(faces.front());
  }

  bool FindNear(const cv::Mat& luma) {
    for (const auto& found : detector.DetectNear(luma, face->box)) {
      if (!SameFace(found.box, face->box)) continue;
      Confirm(luma, found);
      return true;
    }
    return false;
  }

  /// Moves `face` with the correlation tracker; false when it has nothing to hold on to.
  bool Follow(const cv::Mat& luma) {
    if (!follower) follower.emplace(confirmed->image, confirmed->FromFrame(face->box));
    const FollowView around(luma, face->box);
    if (around.image.empty()) return false;
    const auto step = follower->Follow(around.image, around.FromFrame(face->box));
    DetectedFace moved{around.ToFrame(step.box), 0, {}};
    if (!(step.certainty >= kLeastCertainty) || !MostlyInside(moved.box, luma.size(), 0.5f)) {
      return false;
    }
    moved.landmarks = detector.FindLandmarks(luma, moved.box);
    if (!LandmarksFit(moved)) return false;
    face = moved;
    return true;
  }

  /// The detector missed the face near its last place.
  void CarryOn(const cv::Mat& luma) {
    ++unsure_frames;
    if (unsure_frames > kMostUnsureFrames || !Follow(luma)) {
      GiveUp();
      SearchLost(luma);
      return;
    }
    if (unsure_frames % kWholeSearchEvery == 0) {
      const auto found = SearchWhole(luma, face->box);
      if (found && SameFace(found->box, face->box)) {
        Confirm(luma, *found);
        return;
      }
    }
    ++tally.followed;
  }

  void SearchLost(const cv::Mat& luma) {
    if (lost_frames < kSearchAlways || lost_frames % kSearchEvery == 0) {
      if (const auto found = SearchWhole(luma, remembered)) {
        Confirm(luma, *found);
        return;
      }
    }
    if (++lost_frames > kRememberFrames) remembered.reset();
  }

  std::optional<DetectedFace> Update(const cv::Mat& luma) {
    if (luma.empty() || luma.type() != CV_8UC1) throw std::invalid_argument("luma must be CV_8UC1 and not empty");
    ++tally.frames;
    if (IsCut(luma)) {
      GiveUp();
      remembered.reset();
    }
    frame_size = luma.size();
    if (!face) {
      SearchLost(luma);
    } else if (FindNear(luma)) {
      ++tally.region_hits;
    } else {
      CarryOn(luma);
    }
    if (!face) ++tally.lost;
    return face;
  }
};

FaceTracker::FaceTracker(const DetectorOptions& options) : impl_(std::make_unique<Impl>(options)) {}
FaceTracker::~FaceTracker() = default;
FaceTracker::FaceTracker(FaceTracker&&) noexcept = default;
FaceTracker& FaceTracker::operator=(FaceTracker&&) noexcept = default;

std::optional<DetectedFace> FaceTracker::Update(const cv::Mat& luma) { return impl_->Update(luma); }
const TrackerTally& FaceTracker::tally() const { return impl_->tally; }

}  // namespace reelswap
