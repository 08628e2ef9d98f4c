#pragma once

#include <string>

#include "cli/progress_rate.h"

namespace reelswap {

// The wording of progress; results are one line, valid UTF-8, without control characters.

/// Widths of the columns that a group of live lines shares.
struct LineColumns {
  int stage = 0;
  int item = 0;
  int bar = 20;  ///< at most; a line with less room has a shorter bar or none
};

/// The bar's cells that fit into this item's line, 0 when there is no room or no total.
int BarCells(const ProgressItem& item, LineColumns columns, int width, ProgressTime now);

/// "convert  walk  [█████▌    ] 42 %  183/430 frames  61.2 frames/s  0:04 left  note", at most
/// `width` columns: the note is cut first, then the bar shrinks, then the rate and the counts go.
std::string LiveLine(const ProgressItem& item, LineColumns columns, int width, ProgressTime now);

/// "convert walk: 42 %, 183/430 frames, 61.2 frames/s, 0:04 left, note" for logs.
std::string PlainLine(const ProgressItem& item, ProgressTime now);

/// "convert walk: done, 430 frames in 0:07, 61.4 frames/s, note" for an item that has ended.
std::string EndLine(const ProgressItem& item, ProgressTime now);

}  // namespace reelswap
