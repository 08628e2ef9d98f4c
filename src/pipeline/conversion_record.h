#pragma once

#include <filesystem>
#include <string>

#include "disclose/marks.h"
#include "library/model_library.h"
#include "pipeline/convert.h"

namespace reelswap {

/// What an output stands on: input, model and settings by hash. Two equal keys mean equal outputs.
std::string ConversionKey(const ConvertJob& job, const Project& project, const std::string& target_sha256,
                          const StoredModel& model);

/// True when `output` is complete and its sidecar says it was made with this key.
bool IsAlreadyMade(const std::filesystem::path& output, const std::string& key);

/// The results of a folder of pictures, noted when all of them are there (<output>/conversion.json).
void SavePhotoRecord(const ConvertJob& job, const std::string& key, const std::vector<std::filesystem::path>& outputs);

/// The results of an earlier run with this key, or empty when there was none or one of them is gone.
std::vector<std::filesystem::path> LoadPhotoRecord(const ConvertJob& job, const std::string& key);

/// What sidecar and XMP of an output say.
Provenance MakeProvenance(const ConvertJob& job, const Project& project, const std::string& target_sha256,
                          const StoredModel& model, const std::string& key);

}  // namespace reelswap
