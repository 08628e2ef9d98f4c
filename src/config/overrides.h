#pragma once

#include <string>
#include <vector>

#include "config/schema_reader.h"
#include "config/yaml_tree.h"

namespace reelswap {

/// Writes "key.path=value" settings into the tree before it is validated. Values are taken as they
/// are written, except that one in [], {} or quotes is parsed as YAML; an empty value is nothing.
/// A number in the path picks an entry of a list ("convert.0.duration=5"); missing maps on the way
/// are made. A setting that cannot be placed is a problem and changes nothing.
void ApplyOverrides(YamlNode& root, const std::vector<std::string>& overrides, ProblemList& problems);

}  // namespace reelswap
