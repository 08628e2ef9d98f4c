#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/swap_plan.h"

namespace reelswap {

/// How like the project's people a track looks.
struct TrackLikeness {
  std::map<std::string, double> distances;  ///< to each person with a gallery: lower quartile over the track's samples
  int samples = 0;
};

/// Compares every track's samples with the galleries, by track. nullopt where identity cannot be told: no weights, or
/// somebody who is to be replaced has no faces. Errors as IdentityGalleries and VideoAnalysis::Samples; Error(kCancelled).
std::optional<std::map<int64_t, TrackLikeness>> MeasureLikeness(const VideoAnalysis& analysis, const PlanSettings& settings,
                                                                std::stop_token stop = {});

/// Where and when a track begins and ends.
struct TrackPlace {
  int64_t track = 0;
  int64_t first = 0, last = 0, frames = 0;
  int64_t shot = 0;                 ///< number of cuts before its first frame
  cv::Rect2f first_box, last_box;   ///< px
  double mean_width = 0;            ///< px
  /// Stretches [first, last] inside its life without its face, too long to be filled: a tracker keeps a number over some.
  std::vector<std::pair<int64_t, int64_t>> holes;
};

/// By track; goes once over all frames. filled_gap: frames up to which a stretch without the face is no hole.
std::vector<TrackPlace> FindPlaces(const VideoAnalysis& analysis, int64_t filled_gap);

/// Tracks that show one face after the other: a face lost and found again, with another number.
struct TrackChain {
  std::vector<int64_t> tracks;  ///< in time
  int direction = -1;
};

/// Who is who.
struct TrackDecisions {
  std::vector<TrackVerdict> verdicts;  ///< by track
  std::vector<TrackChain> chains;      ///< every track is in one
  /// Frames [first, last] in which a swapped track is left alone because a nearer face of the same person is there: in
  /// those of them in which the plan really has that face.
  struct Yielding {
    int64_t track = 0, first = 0, last = 0;
    int64_t to = 0;  ///< the nearer face's track
  };
  std::vector<Yielding> yielding;
  std::vector<std::string> warnings;
};

/// What deciding stands on.
struct DecisionInput {
  std::vector<TrackPlace> places;                                ///< by track
  std::optional<std::map<int64_t, TrackLikeness>> likeness;      ///< nullopt: identity cannot be told
  /// Why it cannot be told, with the cure; looked at without likeness only.
  std::string blind_because = "the network that tells people apart is not installed, `reelswap weights pull` gets it";
  std::vector<SwapDirection> directions;
  double frames_per_second = 25;
  bool still = false;  ///< the places are faces of one picture: sentences speak of it, not of frames
};

/// Decides for every track, never for a frame. Throws Error(kMissingTool) where identity is needed and cannot be told,
/// Error(kFaces) when nobody to be replaced is there.
TrackDecisions DecideTracks(const DecisionInput& input);

}  // namespace reelswap
