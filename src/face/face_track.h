#pragma once

// Private to src/face.

#include <cstdint>
#include <functional>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "face/face_detector.h"
#include "face/face_fit.h"
#include "face/multi_face_tracker.h"

namespace reelswap {

class CorrelationFollower;

/// What every track of a video works with.
struct TrackTools {
  FaceDetector detector;
  std::shared_ptr<const LandmarkFinder> finder;
  MultiTrackerTally tally;
};

/// Whether a place in the current frame belongs to another face already.
using IsTaken = std::function<bool(const cv::Rect2f&)>;

/// One face, followed from frame to frame in either direction. Each frame: Predict(), and where the fit there is not
/// believed or is due for a check, Search(), and where that finds nothing, CarryOn().
class FaceTrack {
 public:
  /// Begins with a face the detector found in `luma`.
  FaceTrack(int64_t id, TrackTools& tools, const cv::Mat& luma, const DetectedFace& found);
  ~FaceTrack();
  FaceTrack(FaceTrack&&) noexcept;
  FaceTrack& operator=(FaceTrack&&) noexcept;
  /// The same face, to be followed into the past.
  FaceTrack Backwards() const;

  /// Fits landmarks where the face should be now. True: the picture there looks like the face, and it is taken.
  bool Predict(TrackTools& tools, const cv::Mat& luma);
  /// The detector has not confirmed the face for a while.
  bool DueForCheck() const;
  /// Region search. True: seen again, and taken unless what Predict() took agrees.
  bool Search(TrackTools& tools, const cv::Mat& luma, const IsTaken& taken);
  /// Correlation with how the face looked when it was last certain. False: the track has lost its face.
  bool CarryOn(TrackTools& tools, const cv::Mat& luma);
  /// Keeps the face where it is for a frame that shows nothing (a flash).
  void Hold();

  /// A track that had lost its face, gone on with `found`; only good if it LooksLikeAFace().
  FaceTrack Resumed(TrackTools& tools, const cv::Mat& luma, const DetectedFace& found) const;
  /// Whether `found` could be this lost face, `frames` after it was last seen.
  bool CouldBe(TrackTools& tools, const cv::Mat& luma, const DetectedFace& found, int64_t frames) const;

  /// The landmarks have a face's shape and lie in the picture.
  bool LooksLikeAFace() const;
  /// Of the current frame.
  TrackedFace Face() const;
  int64_t id() const { return id_; }
  const cv::Rect2f& box() const { return fit_.box; }
  float certainty() const { return certainty_; }
  /// The movement from frame to frame, px; for a track that was found in two frames by other ways than following.
  void SetSpeed(cv::Point2f px) { speed_ = px; }
  cv::Point2f Middle() const;

 private:
  FaceTrack(const FaceTrack&);
  /// A fit in a box the detector saw, and where that box lies from the one the landmarks suggest, in box sides. Of a
  /// turned face half of the landmarks are guesses: fitted again and again in boxes that follow from them alone they
  /// leave the face, so the detector's box is kept to.
  struct Anchored {
    FaceFit fit;
    cv::Point2f aside;
  };
  void Resume(TrackTools& tools, const cv::Mat& luma, const DetectedFace& found);
  static Anchored Anchor(TrackTools& tools, const cv::Mat& luma, const cv::Rect2f& seen, float roll);
  bool Believable(const FaceFit& fit) const;
  void Take(const FaceFit& fit, float score);
  /// Begins the correlation with the last certain frame, whose memory its owner may use again soon after.
  bool RememberSureLooks();

  int64_t id_ = 0;
  FaceFit fit_;               // of the current frame
  FacePatch looks_;           // the face as it has been of late
  cv::Point2f speed_;         // px a frame
  cv::Point2f aside_;         // of Anchor, since the detector last saw a turned face
  cv::Rect2f expected_;       // where Predict() looked
  float score_ = 0;
  float certainty_ = 1;
  bool sure_ = true;          // the current fit was believed or the detector saw it
  int since_seen_ = 0;        // frames since the detector saw it
  int until_check_ = 0;       // frames
  int unsure_ = 0;            // frames in a row
  cv::Mat sure_luma_;         // the last frame in which it was sure, until the follower knows it, and where
  cv::Rect2f sure_box_;
  std::shared_ptr<CorrelationFollower> follower_;  // since then
};

}  // namespace reelswap
