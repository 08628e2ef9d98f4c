#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/faces.h"
#include "model/trainer.h"
#include "pipeline/swap_direction.h"
#include "pipeline/video_analysis.h"

namespace reelswap {

/// What is to be done with one face of one frame.
struct PlannedFace {
  int64_t track = 0;
  int from = 0;          ///< index into SwapPlan::directions()
  DetectedFace face;     ///< landmarks smoothed over the track, px of the frame; box follows them
  HeadPose pose;         ///< of these landmarks
  float opacity = 1;     ///< 0 .. 1: fades where the pose leaves what the training saw
  bool filled = false;   ///< not found in this frame: between its neighbours
  bool repaired = false; ///< found, but it jumped away from its neighbours: between them instead
  bool faded = false;    ///< opacity < 1
};

struct PlannedFrame {
  int64_t number = 0;
  int64_t index = 0;  ///< Frame::index
  int64_t pts = 0;
  bool cut = false;
  bool unswapped = false;  ///< see PlanTally::unswapped
  std::vector<PlannedFace> faces;  ///< those that are swapped, smallest first (the largest is painted last)
};

/// Who a track is taken for.
struct TrackVerdict {
  int64_t track = 0;
  std::string person;          ///< of the project, or empty: a stranger, left alone
  int direction = -1;          ///< index into directions, -1: not swapped
  double distance = 0;         ///< embedding distance to that person (lower quartile over samples); 0 = not measured
  double second_distance = 0;  ///< to the next person, 0 = not measured
  std::string reason;          ///< for the report: "nearest to host (0.29, next 0.61)", "no one of the project (0.66)"
};

struct PlanSettings {
  std::vector<SwapDirection> directions;
  /// Identity weights; nullopt: identity cannot be told. With one direction the most prominent track of each moment is
  /// taken then (as long as never two faces of like prominence compete for it), with several Error(kMissingTool) names
  /// `reelswap weights pull` - unless no two faces are ever in the picture and there is but one direction.
  std::optional<std::filesystem::path> identity_weights;
  std::vector<TrainingFaces> people;  ///< galleries: all people of the project with usable faces, landmarks and poses
  double smoothing_seconds = 0.1;     ///< of landmarks, half width of the filter; 0 = as found
  int fill_gap_frames = 8;            ///< gaps up to this in a track are filled
  double fade_from_yaw = 0;           ///< degrees beyond the training's 95th percentile of |yaw| at which fading begins ...
  double fade_over_yaw = 20;          ///< ... and how many degrees until nothing is swapped
};

struct PlanTally {
  int64_t frames = 0;
  int64_t frames_with_swap = 0;
  int64_t filled = 0;     ///< faces
  int64_t repaired = 0;   ///< faces
  int64_t faded = 0;      ///< faces with opacity < 1
  /// Frames inside the life of a swapped face in which it is not swapped: not found for too long, also between two tracks
  /// of it, turned too far away (opacity under 0.05), or left to a nearer face of the same person.
  int64_t unswapped = 0;
};

/// What to do with every frame, read from disk. Thread-safe.
class SwapPlan {
 public:
  SwapPlan(const std::filesystem::path& folder, const std::string& key);
  ~SwapPlan();
  SwapPlan(SwapPlan&&) noexcept;
  SwapPlan& operator=(SwapPlan&&) noexcept;

  int64_t frames() const;
  PlannedFrame At(int64_t number) const;
  const std::vector<SwapDirection>& directions() const;
  const std::vector<TrackVerdict>& verdicts() const;
  const PlanTally& tally() const;
  /// The same counts for frames [first, last), read from disk frame by frame. Throws std::out_of_range.
  PlanTally TallyOf(int64_t first, int64_t last) const;
  const std::vector<std::string>& warnings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Decides who is swapped, smooths landmarks along each track forwards and backwards (zero phase; fast motion is not
/// dulled), fills gaps, repairs single jumps, fades at poses the training never saw; writes the plan into `folder`.
/// Memory does not grow with the length. key: of the analysis plus the settings. Throws Error(kMissingTool) (see
/// PlanSettings), Error(kFaces) when no track shows anyone to be replaced (the sentence says who was there instead),
/// Error(kCancelled) (no plan is left then).
SwapPlan PlanSwaps(const VideoAnalysis& analysis, const PlanSettings& settings, const std::filesystem::path& folder,
                   const std::string& key, std::stop_token stop = {});

/// Frames a second by the times of the plan's frames, whatever the video declares (which may be absurd); where they say
/// nothing (one frame, all at one time) the declared rate, where that is absurd, too, 25. Above 0, under 1000.
double FramesPerSecond(const SwapPlan& plan, const VideoInfo& info);

/// The stretch of `seconds` whose faces show the widest range of poses with the fewest frames without a face:
/// [first, last) of the plan's frames.
std::pair<int64_t, int64_t> MostTellingStretch(const SwapPlan& plan, const VideoInfo& info, double seconds);

}  // namespace reelswap
