#pragma once

#include <optional>

#include "library/model_library.h"
#include "pipeline/run_context.h"

namespace reelswap {

/// Trains (or resumes, or finds finished) the project's model and stores it in the library.
/// A training whose faces or settings changed starts anew; the old folder is kept beside it under
/// another name. Adds its item to the report. Empty when it failed or was interrupted; never throws
/// for what the report can say.
std::optional<StoredModel> Train(const RunContext& context, ReportBuilder& report);

/// The model that an earlier run trained for this project. Throws Error(kModel) when there is none.
StoredModel FindTrainedModel(const RunContext& context);

}  // namespace reelswap
