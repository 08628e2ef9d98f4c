#pragma once

#include "pipeline/media_store.h"
#include "pipeline/run_context.h"

namespace reelswap {

/// Downloads, samples, detects, aligns and filters the sources of every person into the workspace's
/// face sets. Finished sources whose content and settings are unchanged are not touched. One failed
/// source is one failed item of the report; the others go on. Never throws for a source.
void Preprocess(const RunContext& context, MediaStore& media, ReportBuilder& report);

}  // namespace reelswap
