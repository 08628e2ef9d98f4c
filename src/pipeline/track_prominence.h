#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "pipeline/track_identity.h"

namespace reelswap {

inline bool Overlap(const TrackPlace& a, const TrackPlace& b) { return a.first <= b.last && b.first <= a.last; }

/// The stretches [first, last] in which both faces are in the picture, in time.
std::vector<std::pair<int64_t, int64_t>> CommonStretches(const TrackPlace& a, const TrackPlace& b);
/// How many frames these are.
int64_t CommonFrames(const TrackPlace& a, const TrackPlace& b);

/// Size times duration, px frames.
inline double ProminenceOf(const TrackPlace& place) { return place.mean_width * static_cast<double>(place.frames); }

/// Who would be meant where nothing but the picture says so.
struct ProminentTracks {
  std::vector<size_t> taken;                         ///< indices of the most prominent tracks of their moments
  std::optional<std::pair<size_t, size_t>> rivals;   ///< two of a moment that are too alike to choose from
};

/// next, previous: the track that each goes on with (index, -1: none); what goes on counts as one face.
ProminentTracks MostProminentTracks(const std::vector<TrackPlace>& places, const std::vector<int64_t>& next,
                                    const std::vector<int64_t>& previous);

}  // namespace reelswap
