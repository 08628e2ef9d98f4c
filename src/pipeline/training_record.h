#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace reelswap {

/// What a training stands on and how it ended; training.json beside its checkpoint.
struct TrainingRecord {
  std::string key;           ///< hash of faces and of the settings that decide the weights
  std::string base_request;  ///< train.base as the project said it
  std::string base;          ///< the "name@version" that stood for, or "none"
  std::string stored;        ///< "name@version" once it is in the library
  int batch = 0;             ///< faces per person and step it began with; 0 = not known
  std::string stop_reason;   ///< TrainSummary::stop_reason of what is stored; empty while it goes on
  int until_minute = -1;     ///< train.stop.until when it was stored, minute of the day; -1 = none
  std::map<std::string, std::string> training_faces;  ///< person -> UsableFaces::training_faces
};

/// The record in a training's folder; an empty one where there is none, or none that can be read.
TrainingRecord LoadTrainingRecord(const std::filesystem::path& folder);
/// Throws Error(kDisk).
void SaveTrainingRecord(const std::filesystem::path& folder, const TrainingRecord& record);

}  // namespace reelswap
