#include "config/names.h"

#include <algorithm>

namespace reelswap {

bool IsSafeName(std::string_view name) {
  const auto is_plain = [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && is_plain(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [&](unsigned char c) { return is_plain(c) || c == '_' || c == '-'; });
}

bool IsModelReference(std::string_view reference) {
  const size_t at = reference.find('@');
  if (!IsSafeName(reference.substr(0, at))) return false;
  if (at == std::string_view::npos) return true;
  const std::string_view version = reference.substr(at + 1);
  return !version.empty() && version.size() <= 9 && version[0] != '0' &&
         version.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace reelswap
