#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/track_samples.h"
#include "pipeline/video_analysis.h"

namespace reelswap {

// How an analysis lies on disk: one file a segment (faces of every frame, then the samples' pictures), written once and
// never changed, and an index that joins them. Every file names its version and key and ends with a checksum.

/// A stretch of frames that one follower saw.
struct AnalysisSegment {
  int64_t number = 0;
  bool last = false;                ///< the video ends here
  std::vector<AnalysedFrame> lead;  ///< the frames before it, which its follower saw first; tracks numbered as in `frames`
  std::vector<AnalysedFrame> frames;
  std::vector<StoredSample> samples;
  MultiTrackerTally tally;
  VideoInfo info;
  DecodeReport decode;  ///< up to the end of this segment
};

/// A face that the follower of the next segment saw in frames of this one.
using LateFaces = std::map<int64_t, std::vector<TrackedFace>>;  ///< by number of the frame

/// What joins the segments.
struct AnalysisIndex {
  int64_t frames = 0;
  std::vector<int64_t> segment_starts;               ///< number of each segment's first frame
  std::vector<std::map<int64_t, int64_t>> track_of;  ///< for each segment: its track -> the video's track
  std::vector<AnalysedTrack> tracks;                 ///< without samples
  struct SamplePlace {
    int64_t track = 0;    ///< the video's
    int64_t segment = 0;
    uint32_t sample = 0;  ///< which of the segment's
  };
  std::vector<SamplePlace> samples;  ///< by track, sharpest first
  LateFaces late;
  MultiTrackerTally tally;
  VideoInfo info;
  DecodeReport decode;
};

std::filesystem::path SegmentPath(const std::filesystem::path& folder, int64_t number);
std::filesystem::path IndexPath(const std::filesystem::path& folder);

/// Atomically. Throws Error(kDisk).
void WriteSegment(const std::filesystem::path& folder, const std::string& key, const AnalysisSegment& segment);
/// nullopt: not there, damaged, of another key or number. Reads and checks all bytes.
std::optional<AnalysisSegment> ReadSegment(const std::filesystem::path& folder, const std::string& key, int64_t number);
/// Calls visit for the segment's own frames whose number is in [first, last), in order, reading nothing else and checking
/// no sum (opening did). Throws Error(kMedia) when the file changed or vanished since.
void ForEachOfSegment(const std::filesystem::path& folder, int64_t number, int64_t first, int64_t last,
                      const std::function<void(AnalysedFrame&)>& visit);

void WriteIndex(const std::filesystem::path& folder, const std::string& key, const AnalysisIndex& index);
std::optional<AnalysisIndex> ReadIndex(const std::filesystem::path& folder, const std::string& key);

}  // namespace reelswap
