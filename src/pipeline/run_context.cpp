#include "pipeline/run_context.h"

#include <fmt/format.h>

#include "core/error.h"

namespace reelswap {

void SetFailure(ReportItem& item, std::exception_ptr error) {
  item.state = ItemState::kFailed;
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kCancelled) item.state = ItemState::kCancelled;
    item.error = e.what();
  } catch (const std::exception& e) {
    item.error = fmt::format("internal error: {}", e.what());
  }
}

}  // namespace reelswap
