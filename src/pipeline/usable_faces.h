#pragma once

#include <filesystem>
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
  int64_t kept = 0;                   ///< all of them
  std::string key;                    ///< identifies this very set of faces and its division
};

UsableFaces FindUsableFaces(const Project& project, const std::string& person, const FaceSet& faces);

}  // namespace reelswap
