#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/project.h"
#include "core/face_set.h"
#include "model/trainer.h"

namespace reelswap {

/// A face that a training never sees.
struct HeldOutFace {
  std::filesystem::path image;  ///< crop of the stored geometry
  HeadPose pose;
  Landmarks landmarks;          ///< px in the image
  cv::Rect2f box;               ///< of the face, px in the image: where landmarks are looked for
  std::string source;           ///< source id
  int64_t frame_index = 0;
  double seconds = 0;
};

/// The faces of one person: kept ones of sources the project still names, in two parts.
struct UsableFaces {
  TrainingFaces training;             ///< ordered, the same whatever the threads did
  std::vector<HeldOutFace> held_out;  ///< ordered by source and time
  bool same_clip = false;             ///< held_out comes from a clip that is trained on
  int64_t kept = 0;                   ///< all of them, with those that are used for nothing
  std::string key;                    ///< identifies the training's faces; that of others changes nothing
  std::string training_faces;         ///< hash of their identities (source, frame, number), for cards
  std::string judging_key;            ///< identifies the held-out faces
};

/// Divides as SplitHeldOut does. Faces of a training range that lie in a held-out range of the same file, or less
/// than kHeldOutGapSeconds from it, are used for nothing.
UsableFaces FindUsableFaces(const Project& project, const std::string& person, const FaceSet& faces);

/// Names what a score during a training is taken on (TrainHooks::score_key). faces: of every person by name.
/// identity_weights: whether they are installed.
std::string ScoreKey(const EvaluateSettings& evaluate, const std::map<std::string, UsableFaces>& faces,
                     bool identity_weights);

}  // namespace reelswap
