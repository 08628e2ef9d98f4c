#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "actors/identity.h"
#include "core/faces.h"
#include "measure/swap_scores.h"
#include "model/trainer.h"

namespace reelswap {

/// What a trial shows. Frames come in runs of neighbours (25 a second, for the flicker) spread over the clips
/// (for the poses).
struct ActorTrialOptions {
  int clips = 2;  ///< each with its own script, backdrop and light, all within the demo's range
  int frames_per_clip = 16;
  int frames_per_run = 4;    ///< neighbours; at least 3
  double clip_seconds = 8;   ///< that the runs are spread over
  float pose_range = 0.75f;  ///< of ScriptedPerformance, as the demo's target; the training clips reach 1
  uint32_t seed = 9001;      ///< of the first script; the demo's clips use 29, 43 and 52
  int picture_width = 640;   ///< px; pictures are 4:3, the face is about a fifth as wide
};

/// How near a model's swaps of a virtual actor come to the truth, inside the truth's face.
struct ActorScores {
  TruthScore mean;
  TruthScore median;          ///< of each number by itself
  double landmark_error = 0;  ///< landmarks found on the result against the truth's own, %; see LandmarkError
  double landmark_error_floor =
      0;               ///< the same of those found on the truth's picture: the predictor's own error
  double flicker = 0;  ///< restlessness of the result over the truth's; 1 = as steady. 0: not measured
  int frames = 0;      ///< that were scored
  int frames_without_face = 0;  ///< in which no face was found: they would stay as they are; not scored

  /// Everything by name: "quality", "quality median", "transfer", "artefact", "ssim", "landmark error", ...
  std::map<std::string, double> Numbers() const;
};

/// One scored frame, cut to the surroundings of its face: three pictures of one size.
struct TrialPicture {
  cv::Mat target;  ///< before the swap
  cv::Mat result;
  cv::Mat truth;
  double quality = 0;
  std::string caption;  ///< "best: ava as ben, quality 0.53, yaw +12, pitch -3"
  HeadPose pose;        ///< true
};

/// Scores a model on virtual actors, where the right answer of a swap is known: the source's face on the
/// target's head, in the target's performance and light. Renders, finds and aligns once (some 70 ms of one
/// core a frame and person at 640 px); a run only swaps, pastes as conversions do, and scores, so that a
/// training can ask again and again. Deterministic. Run and Pictures are const and may be called from several
/// threads at once as far as the swap function allows it.
class ActorTrial {
 public:
  /// Faces of `target` (called target_person) get `source`'s face through source_person's decoder. input and
  /// output: crops of the network. Throws std::invalid_argument for options out of range or one identity
  /// twice, Error(kMissingTool) without landmark weights, Error(kFaces) when no face was found in any frame.
  ActorTrial(const std::string& target_person, const ActorIdentity& target, const std::string& source_person,
             const ActorIdentity& source, const CropGeometry& input, const CropGeometry& output,
             const ActorTrialOptions& options = {});
  ~ActorTrial();
  ActorTrial(ActorTrial&&) noexcept;
  ActorTrial& operator=(ActorTrial&&) noexcept;

  /// Calls `swap` once with all crops; what it throws passes through. Throws std::invalid_argument when it
  /// does not give one crop of the output's size for each, or a mask of another size.
  ActorScores Run(const SwapFunction& swap) const;
  /// Best, median and worst frame by quality, in this order; fewer when fewer were scored.
  std::vector<TrialPicture> Pictures(const SwapFunction& swap) const;
  /// What the truth's own crops score when they are pasted: the most that any network with this geometry and
  /// this way of pasting can reach.
  ActorScores Ceiling() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reelswap
