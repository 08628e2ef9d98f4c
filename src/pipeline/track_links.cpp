#include "pipeline/track_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "core/error.h"
#include "face/box_overlap.h"

namespace reelswap {
namespace {

constexpr float kSameFace = 0.4f;   // mean overlap of the boxes of one face found by two followers; strangers: 0
constexpr float kAlreadyThere = 0.2f;  // a late face that overlaps a known one this much is that one

struct TrackSum {
  int64_t first = -1, last = 0, frames = 0;
  double width = 0;
  std::vector<std::pair<TrackSample, AnalysisIndex::SamplePlace>> samples;
};

/// Goes through the segments in order and numbers their tracks.
class Joiner {
 public:
  void Add(AnalysisSegment segment) {
    index_.info = segment.info;
    const std::map<int64_t, int64_t> links = LinkTracks(tail_, segment.lead);
    std::map<int64_t, int64_t> track_of;
    for (const auto& [mine, theirs] : links) track_of[mine] = tail_tracks_.at(theirs);
    for (const AnalysedFrame& frame : segment.frames) {
      for (const TrackedFace& face : frame.faces) Number(face.track, track_of);
    }
    AddLateFaces(segment, links, track_of);
    for (const AnalysedFrame& frame : segment.frames) {
      for (const TrackedFace& face : frame.faces) Count(track_of.at(face.track), frame.number, face);
      index_.tally.cuts += frame.cut && frame.number > 0;
    }
    for (size_t s = 0; s < segment.samples.size(); ++s) {
      const auto known = track_of.find(segment.samples[s].track);
      if (known == track_of.end()) continue;  // seen in the lead alone
      const AnalysisIndex::SamplePlace place{known->second, segment.number, static_cast<uint32_t>(s)};
      tracks_[known->second].samples.emplace_back(segment.samples[s].sample, place);
    }
    index_.segment_starts.push_back(index_.frames);
    index_.frames += static_cast<int64_t>(segment.frames.size());
    index_.tally.whole_searches += segment.tally.whole_searches;
    index_.tally.part_searches += segment.tally.part_searches;
    index_.tally.region_searches += segment.tally.region_searches;
    index_.tally.followed += segment.tally.followed;
    index_.decode = segment.decode;
    KeepTail(segment, track_of);
    index_.track_of.push_back(std::move(track_of));
  }

  AnalysisIndex Finish() {
    for (auto& [id, sum] : tracks_) {
      index_.tracks.push_back({id, sum.first, sum.last, sum.frames, sum.width / static_cast<double>(sum.frames), {}});
      std::vector<const TrackSample*> candidates;
      for (const auto& sample : sum.samples) candidates.push_back(&sample.first);
      for (const size_t i : MostTellingSamples(candidates, kSamplesPerTrack)) {
        index_.samples.push_back(sum.samples[i].second);
      }
    }
    index_.tally.frames = index_.frames;
    index_.tally.tracks = static_cast<int64_t>(tracks_.size());
    return std::move(index_);
  }

 private:
  void Number(int64_t local, std::map<int64_t, int64_t>& track_of) {
    if (track_of.try_emplace(local, next_track_).second) ++next_track_;
  }

  void Count(int64_t track, int64_t frame, const TrackedFace& face) {
    TrackSum& sum = tracks_[track];
    if (sum.first < 0 || frame < sum.first) sum.first = frame;
    sum.last = std::max(sum.last, frame);
    ++sum.frames;
    sum.width += face.face.box.width / static_cast<double>(std::max(1, index_.info.format.width));
  }

  /// Newcomers that were found after the segment's start and followed back over it.
  void AddLateFaces(const AnalysisSegment& segment, const std::map<int64_t, int64_t>& links,
                    const std::map<int64_t, int64_t>& track_of) {
    for (const AnalysedFrame& lead : segment.lead) {
      const auto before = std::find_if(tail_.begin(), tail_.end(), [&](const auto& f) { return f.number == lead.number; });
      for (const TrackedFace& face : lead.faces) {
        const auto known = track_of.find(face.track);
        if (known == track_of.end() || links.contains(face.track) || before == tail_.end()) continue;
        const bool there = std::any_of(before->faces.begin(), before->faces.end(), [&](const TrackedFace& f) {
          return BoxOverlap(f.face.box, face.face.box) > kAlreadyThere;
        });
        if (there) continue;
        TrackedFace late = face;
        late.track = known->second;
        index_.late[lead.number].push_back(late);
        Count(late.track, lead.number, late);
      }
    }
  }

  void KeepTail(const AnalysisSegment& segment, const std::map<int64_t, int64_t>& track_of) {
    const auto count = std::min<size_t>(segment.frames.size(), kLeadFrames);
    tail_.assign(segment.frames.end() - static_cast<std::ptrdiff_t>(count), segment.frames.end());
    tail_tracks_ = track_of;
  }

  AnalysisIndex index_;
  std::map<int64_t, TrackSum> tracks_;
  int64_t next_track_ = 0;
  std::vector<AnalysedFrame> tail_;              // of the segment before, its own numbers
  std::map<int64_t, int64_t> tail_tracks_;
};

}  // namespace

std::map<int64_t, int64_t> LinkTracks(const std::vector<AnalysedFrame>& previous, const std::vector<AnalysedFrame>& lead) {
  struct Pair {
    double overlap = 0;
    int frames = 0;
  };
  std::map<std::pair<int64_t, int64_t>, Pair> pairs;  // mine, theirs
  for (const AnalysedFrame& mine : lead) {
    const auto theirs = std::find_if(previous.begin(), previous.end(), [&](const auto& f) { return f.number == mine.number; });
    if (theirs == previous.end()) continue;
    for (const TrackedFace& a : mine.faces) {
      for (const TrackedFace& b : theirs->faces) {
        Pair& pair = pairs[{a.track, b.track}];
        pair.overlap += BoxOverlap(a.face.box, b.face.box);
        ++pair.frames;
      }
    }
  }
  std::vector<std::tuple<double, int64_t, int64_t>> candidates;
  for (const auto& [tracks, pair] : pairs) {
    const double mean = pair.overlap / pair.frames;
    if (mean >= kSameFace) candidates.emplace_back(-mean, tracks.first, tracks.second);
  }
  std::sort(candidates.begin(), candidates.end());
  std::map<int64_t, int64_t> links;
  std::set<int64_t> taken;
  for (const auto& [overlap, mine, theirs] : candidates) {
    if (!links.contains(mine) && taken.insert(theirs).second) links[mine] = theirs;
  }
  return links;
}

void JoinSegments(const std::filesystem::path& folder, const std::string& key, int64_t segments) {
  Joiner joiner;
  for (int64_t s = 0; s < segments; ++s) {
    auto segment = ReadSegment(folder, key, s);
    if (!segment) {
      throw Error(ErrorKind::kMedia, fmt::format("{} is damaged or gone: run again to look for the faces anew",
                                                 SegmentPath(folder, s).string()));
    }
    joiner.Add(std::move(*segment));
  }
  WriteIndex(folder, key, joiner.Finish());
}

}  // namespace reelswap
