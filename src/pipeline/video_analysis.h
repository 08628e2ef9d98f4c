#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/faces.h"
#include "core/progress.h"
#include "face/multi_face_tracker.h"
#include "media/video_reader.h"

namespace reelswap {

/// A telling picture of a track, for whom it shows and how a swap of it looks: taken while the video was analysed.
struct TrackSample {
  int64_t frame = 0;        ///< number of the frame
  /// CV_8UC3 BGR, the face with half its size around it, at most 384 px a side; empty where only the rest is held.
  cv::Mat picture;
  cv::Matx23f picture_from_frame;
  Landmarks landmarks;      ///< px of picture
  HeadPose pose;
  float sharpness = 0;
};

/// One face from its appearance to its disappearance or the next cut.
struct AnalysedTrack {
  int64_t id = 0;
  int64_t first = 0, last = 0;  ///< frames
  int64_t frames = 0;           ///< with the face
  double mean_width = 0;        ///< of its box, share of the picture's width
  /// Up to 6, spread over time and poses, the sharper ones first. Without pictures: see VideoAnalysis::Samples.
  std::vector<TrackSample> samples;
};

/// One frame as the analysis left it, landmarks as found.
struct AnalysedFrame {
  int64_t number = 0;
  int64_t index = 0;   ///< Frame::index
  int64_t pts = 0;
  bool cut = false;
  std::vector<TrackedFace> faces;
};

struct AnalysisOptions {
  std::filesystem::path input;
  ReadOptions range;             ///< `draft` is set by the analysis itself
  DetectorOptions detector;
  std::filesystem::path folder;  ///< results live here; those of an interrupted run are continued
  std::string key;               ///< what the results stand on (input hash, range, settings): another key starts anew
  /// The tracker starts anew that often, so that an interrupted analysis can go on there; up to twice as late while a face
  /// is only followed, which a new tracker might not find.
  int64_t segment_frames = 3000;
  std::string name;              ///< for progress
};

/// What a video shows: read from disk, so a long video takes no more memory than a short one. Thread-safe.
class VideoAnalysis {
 public:
  /// Opens a finished analysis. Throws Error(kMedia) when it is not there, damaged or of another key.
  VideoAnalysis(const std::filesystem::path& folder, const std::string& key);
  ~VideoAnalysis();
  VideoAnalysis(VideoAnalysis&&) noexcept;
  VideoAnalysis& operator=(VideoAnalysis&&) noexcept;

  int64_t frames() const;
  const VideoInfo& info() const;                      ///< of the input
  const DecodeReport& decode_report() const;
  const std::vector<AnalysedTrack>& tracks() const;   ///< by id; no pictures are held
  /// The track's samples with their pictures, read from disk. Throws std::out_of_range for an unknown track, Error(kMedia)
  /// when the files changed or vanished since they were opened.
  std::vector<TrackSample> Samples(int64_t track) const;
  const std::map<std::string, double>& stage_seconds() const;  ///< "analysis decode", "find face", ...
  const MultiTrackerTally& tally() const;
  /// Frames [first, last) in order.
  void ForEach(int64_t first, int64_t last, const std::function<void(const AnalysedFrame&)>& visit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Decodes the video once (as fast as finding faces allows), follows its faces and writes what was found into
/// options.folder. An analysis of the same key that is already there is returned at once; one that was interrupted
/// goes on at its last segment and gives the same bytes as an uninterrupted one. Decoding runs on a thread of its own,
/// ahead of the tracker. Throws Error(kMedia), Error(kDisk), Error(kCancelled) (what is done so far stays).
VideoAnalysis AnalyseVideo(const AnalysisOptions& options, ProgressSink& progress, std::stop_token stop);

/// Removes analyses that nothing needs any more: the folders video_<hexadecimal digits> straight below `conversions` whose
/// names are not in `folders_in_use`. Everything else there stays, and links are neither followed nor removed. What cannot
/// be removed is said in the log; a missing folder is an empty one.
void RemoveUnusedAnalyses(const std::filesystem::path& conversions, const std::set<std::string>& folders_in_use);

}  // namespace reelswap
