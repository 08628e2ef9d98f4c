#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pipeline/video_analysis_file.h"

namespace reelswap {

/// Frames before a segment's start that its follower sees first, so that its tracks can be told to be those of the
/// segment before, and cuts at its start are seen. As many as MultiTrackerOptions::look_back: a newcomer that is found
/// only after the start then still gets its faces from before it.
inline constexpr int64_t kLeadFrames = 12;

/// Tracks of a segment -> tracks of the one before that they go on with: those whose boxes lie over each other in the
/// frames that both saw. previous: its last frames. Each track is used once.
std::map<int64_t, int64_t> LinkTracks(const std::vector<AnalysedFrame>& previous, const std::vector<AnalysedFrame>& lead);

/// Joins all segments of a finished analysis, one after the other, and writes the index. Tracks are numbered as they
/// appear. Throws Error(kMedia) when a segment is missing or damaged.
void JoinSegments(const std::filesystem::path& folder, const std::string& key, int64_t segments);

}  // namespace reelswap
