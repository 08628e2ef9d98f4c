#pragma once

#include <string>
#include <vector>

#include "model/trainer.h"

namespace reelswap {

/// The history as a table (RFC 4180): a row per iteration that has a loss or a score, columns iteration, seconds,
/// "loss <person>" for everybody, score, and every number that was measured with a score, by name. Cells without
/// a value are empty; so are numbers that are not finite.
std::string HistoryCsv(const std::vector<HistoryPoint>& history, const std::vector<ScorePoint>& scores,
                       const std::vector<std::string>& people);

}  // namespace reelswap
