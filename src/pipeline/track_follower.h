#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "face/multi_face_tracker.h"
#include "pipeline/video_analysis.h"

namespace reelswap {

/// What follows the faces of a stretch of video: MultiFaceTracker, or faces that a test makes up. Same rules as there.
class TrackFollower {
 public:
  virtual ~TrackFollower() = default;
  virtual std::vector<FrameFaces> Push(const cv::Mat& luma) = 0;
  virtual std::vector<FrameFaces> Finish() = 0;
  virtual MultiTrackerTally tally() const = 0;
};
using MakeFollower = std::function<std::unique_ptr<TrackFollower>()>;

/// AnalyseVideo with any follower; a new one is made for every segment.
VideoAnalysis AnalyseVideoWith(const MakeFollower& make_follower, const AnalysisOptions& options, ProgressSink& progress,
                               std::stop_token stop);

}  // namespace reelswap
