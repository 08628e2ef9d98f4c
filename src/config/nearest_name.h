#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reelswap {

/// Damerau-Levenshtein distance (optimal string alignment): the number of inserted, deleted,
/// replaced or transposed neighbouring bytes that turn `a` into `b`.
int EditDistance(std::string_view a, std::string_view b);

/// The candidate a mistyped word most probably meant: case-insensitive, at most one edit for up to
/// four letters, two for up to eight, three beyond; nullopt when none is that close. Ties: the first.
std::optional<std::string> NearestName(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'batch'?" or, when nothing is close, "" .
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace reelswap
