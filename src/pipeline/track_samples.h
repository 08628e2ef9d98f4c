#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/frame.h"
#include "pipeline/video_analysis.h"

namespace reelswap {

inline constexpr size_t kSamplesPerTrack = 6;

/// A sample as it lies on disk: everything but the picture, and the picture as PNG.
struct StoredSample {
  int64_t track = 0;
  TrackSample sample;  ///< picture empty
  std::string png;
  uint64_t png_at = 0;  ///< where in its file the PNG begins, once it was read from there
};

/// Those of `candidates` (their pictures are not looked at) that tell most: the sharpest, then again and again the one
/// that is farthest from the chosen ones in time and pose, the sharper the better. Indices, sharpest first.
std::vector<size_t> MostTellingSamples(const std::vector<const TrackSample*>& candidates, size_t count);

/// The face with half its size around it, at most 384 px a side; empty picture where the face lies outside.
TrackSample TakeSample(const Frame& frame, int64_t number, const DetectedFace& face);

/// Collects candidates of every track while a stretch of video goes by: at most 16 pictures a track. Which frames are
/// looked at depends on the track alone, so the same frames give the same samples. Not thread-safe.
class SampleCollector {
 public:
  /// Frames in order.
  void Consider(const Frame& frame, int64_t number, const TrackedFace& face);
  /// The best of every track as PNG, by track. Nothing may be considered afterwards.
  std::vector<StoredSample> Finish();

 private:
  struct Candidates {
    std::vector<TrackSample> samples;
    int64_t stride = 5;     ///< frames between candidates; doubles whenever they are thinned
    int64_t last_taken = 0;
    int64_t last_seen = 0;
    float least_turn = 0, most_turn = 0;  ///< see TurnOf
    bool closed = false;
  };
  void CloseThoseGone(int64_t number);
  void Close(int64_t track, Candidates& candidates);

  std::map<int64_t, Candidates> tracks_;
  std::vector<StoredSample> finished_;
};

}  // namespace reelswap
