#pragma once

#include <filesystem>
#include <string>

#include "disclose/marks.h"
#include "library/model_library.h"
#include "pipeline/convert.h"

namespace reelswap {

/// What an output stands on: input, model, settings, who is known and whether people can be told apart, by hash. Two
/// equal keys mean equal outputs.
std::string ConversionKey(const RunContext& context, const ConvertJob& job, const std::string& target_sha256,
                          const StoredModel& model);

/// True when `output` is complete and its sidecar says it was made with this key.
bool IsAlreadyMade(const std::filesystem::path& output, const std::string& key);

/// The results of a folder of pictures, noted when all of them are there (<output>/conversion.json).
void SavePhotoRecord(const ConvertJob& job, const std::string& key, const std::vector<std::filesystem::path>& outputs);

/// The results of an earlier run with this key, or empty when there was none or one of them is gone.
std::vector<std::filesystem::path> LoadPhotoRecord(const ConvertJob& job, const std::string& key);

/// What sidecar and XMP of an output say.
Provenance MakeProvenance(const RunContext& context, const ConvertJob& job, const std::string& target_sha256,
                          const StoredModel& model, const std::string& key);

/// Keeps what a conversion reported (numbers, stages, notes, warning, pictures) and the folder of its analysis beside
/// the output's quality pictures, for the reports of later runs. Best effort: a full disk is not the conversion's fault.
void SaveConversionReport(const RunContext& context, const ConvertJob& job, const std::string& key,
                          const std::string& analysis_folder, const ReportItem& item);

/// Fills these of an item from an earlier conversion with this key; leaves it as it is where there is none.
void LoadConversionReport(const RunContext& context, const ConvertJob& job, const std::string& key, ReportItem& item);

/// The analysis folder that the job's last conversion used, or empty.
std::string AnalysisFolderOf(const RunContext& context, const ConvertJob& job);

/// Moves a finished output (and its sidecar) out of the way of a new one: "clip.mp4" becomes "clip.1.mp4" or the next
/// free number. Returns its new path, empty when there was none. Throws Error(kDisk).
std::filesystem::path KeepEarlierOutput(const std::filesystem::path& output);

}  // namespace reelswap
