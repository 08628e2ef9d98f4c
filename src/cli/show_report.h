#pragma once

#include <filesystem>

#include "cli/console.h"
#include "pipeline/report.h"

namespace reelswap {

/// The end of a command: the report as lines with the place of the page, or as one JSON object.
void ShowReport(Console& console, const RunReport& report, const std::filesystem::path& workspace);

}  // namespace reelswap
