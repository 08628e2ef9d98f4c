#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/project.h"
#include "core/face_set.h"

namespace reelswap {

/// The faces of one person that a training may use: kept ones of sources the project still names.
struct UsableFaces {
  std::vector<std::filesystem::path> images;  ///< ordered, the same whatever the threads did
  std::string key;                            ///< identifies this very set of faces
};

UsableFaces FindUsableFaces(const Project& project, const std::string& person, const FaceSet& faces);

}  // namespace reelswap
