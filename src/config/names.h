#pragma once

#include <string_view>

namespace reelswap {

/// [a-z0-9][a-z0-9_-]{0,63}. Names of projects, people and models are folder names too, so nothing
/// in them can leave a folder.
bool IsSafeName(std::string_view name);
inline constexpr const char* kSafeNameRule =
    "a name of lower-case letters, digits, '_' and '-' (at most 64, beginning with a letter or digit)";

/// NAME or NAME@VERSION of a stored model, VERSION from 1 to 999999999 without leading zeros.
bool IsModelReference(std::string_view reference);

}  // namespace reelswap
