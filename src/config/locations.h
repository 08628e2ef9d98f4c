#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema_reader.h"

namespace reelswap {

/// True for http:// and https:// in any case.
bool IsWebAddress(std::string_view location);
/// True for any "scheme://".
bool HasScheme(std::string_view location);
/// True when * or ? occurs: the location names every file that matches.
bool IsGlob(std::string_view location);

/// Replaces ${NAME} and ${NAME:-default} (the default also where NAME is empty) and a leading "~/".
/// What a variable holds is not expanded again. nullopt and a problem that names the variable when
/// it is not set and has no default.
std::optional<std::string> ExpandLocation(const std::string& text, const YamlField& field,
                                          ProblemList& problems);

/// A local path, absolute and without "..": relative ones start at base_folder.
std::filesystem::path ResolvePath(const std::string& location, const std::filesystem::path& base_folder);

/// Files that a pattern of * and ? matches below base_folder, sorted.
std::vector<std::filesystem::path> MatchFiles(const std::string& pattern,
                                              const std::filesystem::path& base_folder);

}  // namespace reelswap
