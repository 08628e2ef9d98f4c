#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/architecture.h"
#include "model/model_metadata.h"

namespace reelswap {

std::vector<std::string> NamesOf(const std::vector<TrainingFaces>& people);

/// std::invalid_argument: fewer than two people, a name twice, numbers that make no sense.
void CheckArguments(const std::vector<TrainingFaces>& people, const TrainOptions& options);

/// Error(kFaces) for a person with fewer faces than a batch.
void CheckFaceCounts(const std::vector<TrainingFaces>& people, int batch);

/// Error(kFaces) where an architecture draws masks and a person's faces have no landmarks.
void CheckLandmarks(const std::vector<TrainingFaces>& people, const Architecture& architecture);

/// Error(kModel) that says in what a file and this training differ; `cure` ends the sentence.
void CheckSame(const std::filesystem::path& path, const std::string& what, const std::string& theirs,
               const std::string& ours, const std::string& cure);

/// Error(kModel) unless the checkpoint at `path` is of this architecture, these people and geometries.
void CheckResumable(const std::filesystem::path& path, const ModelMetadata& stored,
                    const Architecture& architecture, const std::vector<TrainingFaces>& people,
                    const CropGeometry& image_geometry);

}  // namespace reelswap
