#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "fetch/fetch.h"

namespace reelswap {

namespace fs = std::filesystem;

namespace {

bool HasWildcard(const std::string& text) { return text.find_first_of("*?") != std::string::npos; }

/// Offset of the character after the UTF-8 character at `i`.
size_t NextCharacter(const std::string& text, size_t i) {
  ++i;
  while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) ++i;
  return i;
}

/// `*`: any characters, `?`: one. Brackets and backslashes stand for themselves, since they are
/// common in the names of downloaded videos.
bool Matches(const std::string& pattern, const std::string& name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;  // hidden, as in a shell
  size_t p = 0, n = 0;
  size_t star = std::string::npos, star_n = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_n = n;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      n = NextCharacter(name, n);
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string::npos) {
      p = star + 1;
      n = star_n = NextCharacter(name, star_n);
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string::npos;
}

std::vector<fs::path> Children(const fs::path& folder, const std::string& pattern) {
  std::vector<fs::path> found;
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) return found;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    if (Matches(pattern, it->path().filename().string())) found.push_back(it->path());
  }
  if (failed) throw Error(ErrorKind::kMedia, "cannot list " + folder.string() + ": " + failed.message());
  return found;
}

}  // namespace

std::vector<fs::path> ExpandGlob(const std::string& pattern, const fs::path& base) {
  const fs::path whole = (base / pattern).lexically_normal();
  std::error_code failed;
  if (!HasWildcard(pattern) || fs::exists(fs::symlink_status(whole, failed))) return {whole};
  // The base is a folder, never a pattern, whatever its name holds.
  const fs::path relative = fs::path(pattern).relative_path().lexically_normal();
  std::vector<fs::path> found{fs::path(pattern).is_absolute() ? fs::path(pattern).root_path() : base};
  for (const fs::path& component : relative) {
    std::vector<fs::path> next;
    for (const fs::path& folder : found) {
      if (!HasWildcard(component.string())) {
        const fs::path child = component.empty() ? folder : folder / component;
        if (fs::exists(child, failed)) next.push_back(child);
        continue;
      }
      for (fs::path& child : Children(folder, component.string())) next.push_back(std::move(child));
    }
    found = std::move(next);
  }
  for (fs::path& path : found) path = path.lexically_normal();
  // "clips/*" means the clips, not a folder that happens to lie beside them.
  const auto is_file = [](const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
  };
  if (std::any_of(found.begin(), found.end(), is_file))
    std::erase_if(found, [&](const fs::path& p) { return !is_file(p); });
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (found.empty()) {
    throw Error(ErrorKind::kMedia,
                "nothing matches " + whole.string() + " (paths are relative to the project file)");
  }
  return found;
}

}  // namespace reelswap
