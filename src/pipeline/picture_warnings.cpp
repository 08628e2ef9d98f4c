#include "pipeline/picture_warnings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace reelswap {
namespace {

constexpr size_t kNamed = 5;  // more names than that nobody reads in a warning

std::string NamesOf(const std::vector<std::string>& pictures) {
  const size_t named = std::min(pictures.size(), kNamed);
  std::string text = fmt::format("{}", fmt::join(pictures.begin(), pictures.begin() + static_cast<std::ptrdiff_t>(named), ", "));
  if (pictures.size() > named) text += fmt::format(" and {} more", pictures.size() - named);
  return text;
}

}  // namespace

void PictureWarnings::Add(const std::string& message, const std::string& picture, const std::string& kind) {
  auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.kind == kind; });
  if (group == groups_.end()) group = groups_.insert(groups_.end(), {kind, message, {}});
  if (group->pictures.empty() || group->pictures.back() != picture) group->pictures.push_back(picture);
}

std::string PictureWarnings::Text() const {
  std::string text;
  for (const Group& group : groups_) {
    if (!text.empty()) text += "; ";
    text += group.message;
    const bool said = group.pictures.size() == 1 && group.message.find(group.pictures.front()) != std::string::npos;
    if (!said) text += " (" + NamesOf(group.pictures) + ")";
  }
  return text;
}

std::string PictureWarnings::WithoutNumbers(const std::string& message) {
  std::string text;
  for (const char c : message) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) text += c;
    else if (text.empty() || text.back() != '#') text += '#';
  }
  return text;
}

}  // namespace reelswap
