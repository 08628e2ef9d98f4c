#pragma once

#include <memory>
#include <optional>

#include "core/faces.h"
#include "face/face_detector.h"

namespace reelswap {

struct TrackerTally {
  int64_t frames = 0;
  int64_t whole_searches = 0;   ///< frames searched as a whole
  int64_t region_hits = 0;      ///< found again near the last place
  int64_t followed = 0;         ///< carried by the correlation tracker alone
  int64_t lost = 0;             ///< frames without a face
};

/// Follows the most prominent face of a video frame by frame: a region search near the last place,
/// dlib's correlation tracker where that misses, the whole picture when lost (and every tenth frame
/// while unsure). Frames must come in order; one tracker per video, not thread-safe.
class FaceTracker {
 public:
  explicit FaceTracker(const DetectorOptions& options = {});
  ~FaceTracker();
  FaceTracker(FaceTracker&&) noexcept;
  FaceTracker& operator=(FaceTracker&&) noexcept;

  /// luma: CV_8UC1, whole frame at full size. nullopt: no face in this frame.
  std::optional<DetectedFace> Update(const cv::Mat& luma);
  const TrackerTally& tally() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reelswap
