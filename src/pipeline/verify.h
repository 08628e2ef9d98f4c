#pragma once

#include "disclose/marks.h"

namespace reelswap {

/// The marks of a file on disk. Throws Error(kMedia) when it cannot be read.
inline FoundMarks VerifyMarks(const std::filesystem::path& file) { return ReadMarks(file); }

/// Whether a reader of the marks learns that the file is synthetic: XMP says so, or a sidecar that
/// belongs to this very file.
inline bool IsMarked(const FoundMarks& marks) {
  return marks.digital_source_type == kDigitalSourceType || marks.sidecar_matches;
}

}  // namespace reelswap
