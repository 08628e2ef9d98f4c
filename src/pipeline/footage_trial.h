#pragma once

#include <map>
#include <memory>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/trainer.h"
#include "pipeline/headline_score.h"
#include "pipeline/usable_faces.h"

namespace reelswap {

/// A person of a trial: what was kept from the training, and what the training saw (for the gallery).
struct TrialPerson {
  std::string name;
  std::vector<HeldOutFace> held_out;
  bool same_clip = false;
  TrainingFaces training;  ///< with landmarks
};

struct FootageTrialOptions {
  int64_t frames = 400;  ///< held-out faces of each person that are looked at, spread in runs of neighbours
  std::optional<std::filesystem::path> identity_weights;  ///< empty: identity is not measured
};

/// How A looks with B's face, over A's held-out faces.
struct FootageDirection {
  std::string from;  ///< whose face is replaced
  std::string to;    ///< whose face it gets
  int64_t frames = 0;
  std::optional<double> identity_to;    ///< mean distance of the swapped face to the gallery of `to`
  std::optional<double> identity_from;  ///< and to that of `from`
  std::optional<double> identity_real;  ///< mean distance of `to`'s own held-out faces to `to`'s gallery: what a perfect swap has
  std::optional<double> margin;         ///< identity_from - identity_to
  std::optional<double> retrieval;      ///< share of the faces nearer to `to` than to `from`
  double pose_degrees = 0;              ///< median of the largest difference in yaw, pitch, roll
  double expression_percent = 0;        ///< median, % of the inter-ocular distance
  std::optional<double> flicker;        ///< restlessness over that of the source's pictures; 1 = as steady
};

/// How a person's own held-out faces come back through the person's own decoder.
struct SelfReconstruction {
  std::string person;
  int64_t frames = 0;
  double ssim = 0;    ///< inside the face
  double detail = 0;  ///< of the way from a featureless face (SSIM of some 0.5 to 0.7 on webcam footage) to the
                      ///< picture itself: 0 nothing of the features, 1 all of them; may be < 0
  double l1 = 0;    ///< in [0,1], inside the face
  bool same_clip = false;
};

struct FootageScores {
  std::vector<FootageDirection> directions;
  std::vector<SelfReconstruction> people;
  double gallery_distance = 0;  ///< median distance between two people's galleries, mean over pairs; 0 = not measured

  /// Means over the directions and people, as HeadlineScore wants them.
  ScoreParts Parts() const;
  /// Everything by name: means ("ssim", "identity margin") and what they are of ("ssim: ava",
  /// "identity margin: ava as ben").
  std::map<std::string, double> Numbers() const;
};

/// One looked-at face of a trial: what a sheet of pictures shows.
struct FootagePicture {
  std::string from;
  std::string to;
  cv::Mat target;     ///< stored crop before the swap
  cv::Mat swapped;    ///< the same with the swapped face pasted
  cv::Mat reference;  ///< the face of `to` (from its training) whose pose is nearest
  double quality = 0; ///< what it was ranked by, higher is better
  std::map<std::string, double> numbers;  ///< "pose", "expression", "margin"
};

/// Swaps held-out faces of real people, where no truth is known, and measures what can be: identity, pose,
/// expression, restlessness and self-reconstruction. Pictures are decoded and searched once, at construction.
/// Not thread-safe.
class FootageTrial {
 public:
  /// input, output: crops of the network. People without held-out faces are only swapped to.
  /// Throws Error(kFaces) when no person has any, Error(kModel) for damaged identity weights.
  FootageTrial(std::vector<TrialPerson> people, const CropGeometry& input, const CropGeometry& output,
               const FootageTrialOptions& options);
  ~FootageTrial();
  FootageTrial(FootageTrial&&) noexcept;
  FootageTrial& operator=(FootageTrial&&) noexcept;

  FootageScores Run(const SwapFunction& swap);
  /// Best, median and worst frame of each direction, in this order.
  std::vector<FootagePicture> Pictures(const SwapFunction& swap);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The person's training face whose pose is nearest, or empty where there is none.
cv::Mat NearestPoseFace(const TrainingFaces& person, const HeadPose& pose);

/// Up to `count` of the faces (ordered by source and time) in runs of four neighbours spread evenly: runs because
/// restlessness needs neighbours. Indices, ascending.
std::vector<size_t> SpreadInRuns(size_t faces, size_t count);

}  // namespace reelswap
