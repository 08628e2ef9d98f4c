#include "pipeline/track_smoothing.h"

#include <algorithm>
#include <limits>
#include <set>

#include "face/align.h"
#include "pipeline/landmark_smoothing.h"
#include "pipeline/track_repair.h"

namespace reelswap {
namespace {

constexpr int kRepairRadius = 12;
constexpr float kNearBorder = 0.15f;  // of the box: a face that comes or goes nearer to the border than that does so over it

struct ChainFaces {
  std::vector<TrackPoint> points;
  std::vector<int64_t> tracks;  ///< which track gave the face; of a filled one the track before the gap
};

bool TouchesBorder(const cv::Rect2f& box, cv::Size frame) {
  const float margin = kNearBorder * box.width;
  return box.x < margin || box.y < margin || box.x + box.width > frame.width - margin ||
         box.y + box.height > frame.height - margin;
}

/// A run of faces without a gap, inside one shot.
class RunPlanner {
 public:
  RunPlanner(const std::vector<AnalysedFrame>& frames, int64_t first, int64_t last, const PlanRules& rules,
             std::vector<PlannedFrame>& planned)
      : frames_(frames), first_(first), last_(last), rules_(rules), planned_(planned) {}

  /// shot: [shot_start, shot_end) positions in frames; points of those positions.
  void Plan(const ChainFaces& chain, int direction, int start, int end, int shot_start, int shot_end) {
    std::vector<DetectedFace> found;
    for (int t = start; t < end; ++t) found.push_back(chain.points[t].face);
    const std::vector<DetectedFace> smooth = SmoothFaces(found, {rules_.smoothing_reach});
    const FadeLimits& limits = rules_.limits[static_cast<size_t>(direction)];
    std::vector<float> yaws(smooth.size(), std::numeric_limits<float>::quiet_NaN());
    std::vector<HeadPose> poses(smooth.size());
    for (size_t i = 0; i < smooth.size(); ++i) {
      const int64_t number = frames_[static_cast<size_t>(start) + i].number;
      if (number < first_ - kFadeRadius || number >= last_ + kFadeRadius) continue;
      poses[i] = EstimatePose(smooth[i].landmarks, rules_.frame_size);
      yaws[i] = poses[i].yaw;
    }
    const bool open_start = start > shot_start && !TouchesBorder(found.front().box, rules_.frame_size);
    const bool open_end = end < shot_end && !TouchesBorder(found.back().box, rules_.frame_size);
    const std::vector<float> opacities = OpacitiesOf(yaws, limits, open_start, open_end);
    for (int t = start; t < end; ++t) {
      const int64_t number = frames_[t].number;
      if (number < first_ || number >= last_) continue;
      const auto i = static_cast<size_t>(t - start);
      PlannedFace face;
      face.track = chain.tracks[t];
      face.from = direction;
      face.face = smooth[i];
      face.pose = poses[i];
      face.opacity = opacities[i];
      face.filled = chain.points[t].filled;
      face.repaired = chain.points[t].repaired;
      face.faded = face.opacity < 1;
      planned_[static_cast<size_t>(number - first_)].faces.push_back(std::move(face));
    }
  }

 private:
  const std::vector<AnalysedFrame>& frames_;
  int64_t first_, last_;
  const PlanRules& rules_;
  std::vector<PlannedFrame>& planned_;
};

/// The chain's faces at positions [start, end); the other positions stay empty.
ChainFaces Gather(const std::vector<AnalysedFrame>& frames, int start, int end, size_t chain,
                  const std::map<int64_t, size_t>& chain_of) {
  ChainFaces faces;
  faces.points.resize(frames.size());
  faces.tracks.resize(frames.size(), -1);
  for (int t = start; t < end; ++t) {
    for (const TrackedFace& face : frames[t].faces) {
      const auto found = chain_of.find(face.track);
      if (found == chain_of.end() || found->second != chain || faces.points[t].present) continue;
      faces.points[t].present = true;
      faces.points[t].face = face.face;
      faces.tracks[t] = face.track;
    }
  }
  return faces;
}

}  // namespace

int64_t PlanRadius(const PlanRules& rules) {
  return 2 * rules.fill_gap_frames + kRepairRadius + SmoothingRadius({rules.smoothing_reach}) + 2 * kFadeRadius;
}

std::vector<PlannedFrame> PlanStretch(const std::vector<AnalysedFrame>& frames, int64_t first, int64_t last,
                                      const std::vector<TrackChain>& chains, const PlanRules& rules) {
  std::vector<PlannedFrame> planned;
  for (const AnalysedFrame& frame : frames) {
    if (frame.number >= first && frame.number < last) planned.push_back({frame.number, frame.index, frame.pts, frame.cut, {}});
  }
  std::map<int64_t, size_t> chain_of;  // swapped tracks
  for (size_t c = 0; c < chains.size(); ++c) {
    if (chains[c].direction < 0) continue;
    for (const int64_t track : chains[c].tracks) chain_of[track] = c;
  }
  std::set<size_t> here;
  for (const AnalysedFrame& frame : frames) {
    for (const TrackedFace& face : frame.faces) {
      if (const auto chain = chain_of.find(face.track); chain != chain_of.end()) here.insert(chain->second);
    }
  }
  RunPlanner planner(frames, first, last, rules, planned);
  const int n = static_cast<int>(frames.size());
  for (int shot_start = 0; shot_start < n;) {
    int shot_end = shot_start + 1;
    while (shot_end < n && !frames[shot_end].cut) ++shot_end;
    for (const size_t chain : here) {
      ChainFaces faces = Gather(frames, shot_start, shot_end, chain, chain_of);
      FillGaps(faces.points, rules.fill_gap_frames);
      RepairJumps(faces.points);
      for (int t = shot_start; t < shot_end;) {
        if (!faces.points[t].present) {
          ++t;
          continue;
        }
        int end = t;
        while (end < shot_end && faces.points[end].present) {
          if (faces.tracks[end] < 0) faces.tracks[end] = faces.tracks[end - 1];
          ++end;
        }
        planner.Plan(faces, chains[chain].direction, t, end, shot_start, shot_end);
        t = end;
      }
    }
    shot_start = shot_end;
  }
  return planned;
}

}  // namespace reelswap
