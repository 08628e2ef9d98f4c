#include "config/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace reelswap {
namespace {

// Longer words are never typos of a key, and the table is quadratic in the length.
constexpr size_t kMaxCompared = 64;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

int AllowedEdits(size_t length) { return length <= 4 ? 1 : length <= 8 ? 2 : 3; }

}  // namespace

int EditDistance(std::string_view a, std::string_view b) {
  std::vector<int> before_previous, previous(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before_previous[j - 2] + 1);
    }
    before_previous = previous;
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::optional<std::string> NearestName(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kMaxCompared) return std::nullopt;
  const std::string lower = LowerCase(word);
  std::optional<std::string> nearest;
  int best = AllowedEdits(word.size()) + 1;
  for (const std::string& candidate : candidates) {
    const int distance = EditDistance(lower, LowerCase(candidate));
    // Replacing every letter makes any short word out of any other: that is no likeness.
    if (distance < best && distance < static_cast<int>(std::max(word.size(), candidate.size()))) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto nearest = NearestName(word, candidates);
  return nearest ? fmt::format("; did you mean '{}'?", *nearest) : "";
}

}  // namespace reelswap
