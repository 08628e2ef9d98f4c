#pragma once

#include <string_view>

namespace reelswap {

/// The style sheet of report.html, inlined in the page so that it needs nothing beside it.
extern const std::string_view kReportStyle;

}  // namespace reelswap
