#pragma once

#include "disclose/marks.h"
#include "pipeline/convert.h"

namespace reelswap {

/// Converts one video; fills numbers, warnings and outputs of `item`. `provenance` goes into tags,
/// XMP and sidecar. Throws Error for whatever goes wrong; nothing is left under a final name then.
void ConvertVideo(const RunContext& context, const ConvertJob& job, const std::filesystem::path& input,
                  const StoredModel& model, const Provenance& provenance, ReportItem& item);

/// Converts a picture or a folder of pictures into the folder job.output.
void ConvertPhotos(const RunContext& context, const ConvertJob& job, const std::vector<std::filesystem::path>& inputs,
                   const StoredModel& model, const Provenance& provenance, ReportItem& item);

}  // namespace reelswap
