#pragma once

#include <map>
#include <string>

#include "pipeline/run_context.h"
#include "pipeline/usable_faces.h"

namespace reelswap {

/// The usable faces of all people of a project whose face sets exist, by name.
std::map<std::string, UsableFaces> FindKnownPeople(const RunContext& context);

}  // namespace reelswap
