#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/report.h"

namespace reelswap {

// Pieces of report.html; each returns markup with everything from outside escaped, or an empty
// string when there is nothing to show. Links count from `folder`. Pure but for a look whether a
// source's file is there; thread-safe.

using ReportItems = std::vector<const ReportItem*>;

std::string FailuresSection(const ReportItems& failed, const std::filesystem::path& folder);
std::string WarningsSection(const ReportItems& items, const std::filesystem::path& folder);
std::string OutputsSection(const ReportItems& items, const std::filesystem::path& folder);
std::string SourcesSection(const ReportItems& sources, const std::filesystem::path& folder);
std::string TrainingSection(const ReportItems& trainings, const std::filesystem::path& folder);
std::string TargetsSection(const ReportItems& targets, const std::filesystem::path& folder);
std::string ContactSheetsSection(const ReportItems& items, const std::filesystem::path& folder);

}  // namespace reelswap
