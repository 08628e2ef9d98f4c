#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/progress.h"
#include "pipeline/footage_trial.h"

namespace reelswap {

/// A finished swap and the video it was made from.
struct VideoTrialOptions {
  std::filesystem::path result;
  std::filesystem::path original;
  double original_start_seconds = 0;  ///< where in the original the result begins
  std::string from;                   ///< whose face was replaced
  std::string to;                     ///< whose face it got
  int64_t frames = 400;               ///< looked at, in runs of neighbours spread over the video
  int min_face_size = 0;              ///< px, as faces.min_size
  std::optional<std::filesystem::path> identity_weights;
};

struct VideoScores {
  FootageDirection direction;
  double gallery_distance = 0;     ///< 0 = identity was not measured
  int64_t frames_without_face = 0; ///< of the looked-at ones: none found in the original
  int64_t frames_unswapped = 0;    ///< a face was there and the picture is the original's
  std::vector<FootagePicture> pictures;  ///< best, median, worst
  std::vector<std::string> warnings;     ///< what was not measured, and why

  std::map<std::string, double> Numbers() const;
};

/// Compares a swapped video with its original. people: training faces of `from` and `to` for the identity (may be
/// empty). Throws Error(kMedia) when the two do not belong together (size; nothing in common), Error(kFaces) when the
/// original shows no face, Error(kCancelled).
VideoScores ScoreVideo(const VideoTrialOptions& options, const std::vector<TrainingFaces>& people,
                       ProgressSink& progress, std::stop_token stop);

}  // namespace reelswap
