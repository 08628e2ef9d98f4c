#pragma once

#include <deque>
#include <memory>

#include "pipeline/track_follower.h"
#include "pipeline/video_analysis_file.h"

namespace reelswap {

/// Turns the frames of one segment into its records. Keeps frames only until their faces are final. Not thread-safe.
class SegmentFollowing {
 public:
  /// number: of the segment; first_frame: number of its first frame.
  SegmentFollowing(std::unique_ptr<TrackFollower> follower, int64_t number, int64_t first_frame, int64_t lead_frames);

  /// The lead, then the segment's frames, in order.
  void Push(const Frame& frame);
  /// Frames pushed so far, without the lead.
  int64_t frames() const { return pushed_ - lead_frames_; }
  /// Whether a follower that starts anew here would soon know the faces: all of them were found by a search of late, not
  /// only followed. Depends on the frames alone.
  bool IsGoodPlaceToEnd() const;
  /// Everything but info, decode and last. Nothing may be pushed afterwards.
  AnalysisSegment Finish();

  double follow_seconds() const { return follow_seconds_; }  ///< processor time, this thread
  double sample_seconds() const { return sample_seconds_; }

 private:
  struct Waiting {
    Frame frame;
    cv::Mat luma;  ///< the follower refers to it
  };
  void Take(std::vector<FrameFaces> done);

  std::unique_ptr<TrackFollower> follower_;
  int64_t first_frame_, lead_frames_;
  int64_t pushed_ = 0, taken_ = 0;
  std::deque<Waiting> waiting_;  ///< their faces are not final
  std::deque<Waiting> recent_;   ///< the last few pushed: the follower may still look at them
  SampleCollector samples_;
  AnalysisSegment segment_;
  double follow_seconds_ = 0, sample_seconds_ = 0;
};

}  // namespace reelswap
