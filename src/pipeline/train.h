#pragma once

#include <optional>

#include "library/model_library.h"
#include "pipeline/run_context.h"

namespace reelswap {

/// What becomes of a training that train.stop.until ended and that is stored, when it is asked for again with the
/// same faces, settings and `until`.
enum class AfterUntil {
  kFinished,  ///< its model is used as it is
  kGoOn,      ///< it trains until the next time of that name
};

/// Trains (or resumes, or finds finished) the project's model and stores it in the library.
/// A training whose faces or settings changed starts anew; the old folder is kept beside it under
/// another name. Adds its item to the report. Empty when it failed or was interrupted; never throws
/// for what the report can say.
std::optional<StoredModel> Train(const RunContext& context, AfterUntil after_until, ReportBuilder& report);

/// The model that an earlier run trained for this project. Throws Error(kModel) when there is none.
StoredModel FindTrainedModel(const RunContext& context);

}  // namespace reelswap
