#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/faces.h"
#include "face/face_detector.h"

namespace reelswap {

/// One face of one frame, as part of a track.
struct TrackedFace {
  int64_t track = 0;      ///< number of the track, from 0, never used again in a video
  DetectedFace face;      ///< score 0 = followed, not searched
  float certainty = 1;    ///< 0 .. 1: how much the picture there looks like the track's face just before
};

/// All faces of one frame.
struct FrameFaces {
  int64_t number = 0;          ///< frames as they were pushed, from 0
  bool cut = false;            ///< a new shot begins here: no track reaches over it
  std::vector<TrackedFace> faces;  ///< largest first
};

struct MultiTrackerOptions {
  DetectorOptions detector;
  int search_every = 12;       ///< frames between searches of the whole picture for newcomers while all is explained
  int look_back = 12;          ///< frames a newcomer is followed backwards, so that it has its face from its first frame on
  int most_faces = 8;          ///< followed at a time; the largest
};

struct MultiTrackerTally {
  int64_t frames = 0;
  int64_t whole_searches = 0;   ///< frames searched as a whole
  int64_t part_searches = 0;    ///< parts of frames searched because they had changed since the last search
  int64_t region_searches = 0;  ///< searches around a known face
  int64_t followed = 0;         ///< faces carried from frame to frame without any search
  int64_t tracks = 0;
  int64_t cuts = 0;
};

/// Follows every face of a video. The whole picture is searched (shrunk) only after a cut, while nobody is there, and
/// now and then for newcomers; in between landmarks are fitted near their predicted place and believed while the
/// picture there looks like the face before; heads that tilt are looked at upright. Frames in order, one tracker per video, not thread-safe. Deterministic.
class MultiFaceTracker {
 public:
  explicit MultiFaceTracker(const MultiTrackerOptions& options = {});
  ~MultiFaceTracker();
  MultiFaceTracker(MultiFaceTracker&&) noexcept;
  MultiFaceTracker& operator=(MultiFaceTracker&&) noexcept;

  /// luma: CV_8UC1, the next frame at full size; kept by reference for up to look_back frames, so its memory must
  /// stay unchanged. Returns the frames that nothing can change any more, in order (none or several).
  std::vector<FrameFaces> Push(const cv::Mat& luma);
  /// The rest. Nothing may be pushed afterwards.
  std::vector<FrameFaces> Finish();
  const MultiTrackerTally& tally() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reelswap
