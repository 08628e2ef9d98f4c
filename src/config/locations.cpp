#include "config/locations.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>

namespace reelswap {
namespace {

namespace fs = std::filesystem;

bool IsVariableName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

/// Value of "NAME" or "NAME:-default".
std::optional<std::string> VariableValue(std::string_view inside, const YamlField& field,
                                         ProblemList& problems) {
  const size_t separator = inside.find(":-");
  const std::string name(inside.substr(0, separator));
  if (!IsVariableName(name)) {
    problems.Add(field.node->place, field.path,
                 fmt::format("expected ${{NAME}} or ${{NAME:-default}}, got '${{{}}}'", inside));
    return std::nullopt;
  }
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return value;
  if (separator != std::string_view::npos) return std::string(inside.substr(separator + 2));
  if (value != nullptr) return "";
  problems.Add(
      field.node->place, field.path,
      fmt::format("the environment variable {0} is not set; set it or write ${{{0}:-default}}", name));
  return std::nullopt;
}

/// A pattern in which glob(3) finds nothing special but * and ?.
std::string EscapeForGlob(std::string_view text, bool keep_wildcards) {
  std::string escaped;
  for (const char c : text) {
    const bool wildcard = c == '*' || c == '?';
    if (c == '\\' || c == '[' || (wildcard && !keep_wildcards)) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

bool HasScheme(std::string_view location) {
  const size_t end = location.find("://");
  if (end == std::string_view::npos || end == 0) return false;
  return std::all_of(location.begin(), location.begin() + end,
                     [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-' || c == '.'; });
}

bool IsWebAddress(std::string_view location) {
  if (!HasScheme(location)) return false;
  std::string scheme(location.substr(0, location.find("://")));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return scheme == "http" || scheme == "https";
}

bool IsGlob(std::string_view location) { return location.find_first_of("*?") != std::string_view::npos; }

std::optional<std::string> ExpandLocation(const std::string& text, const YamlField& field,
                                          ProblemList& problems) {
  std::string expanded;
  size_t at = 0;
  for (size_t open = text.find("${"); open != std::string::npos; open = text.find("${", at)) {
    const size_t close = text.find('}', open);
    if (close == std::string::npos) {
      problems.Add(field.node->place, field.path, "expected ${NAME}, the closing '}' is missing");
      return std::nullopt;
    }
    const auto value =
        VariableValue(std::string_view(text).substr(open + 2, close - open - 2), field, problems);
    if (!value) return std::nullopt;
    expanded += text.substr(at, open - at) + *value;
    at = close + 1;
  }
  expanded += text.substr(at);
  if (expanded == "~" || expanded.compare(0, 2, "~/") == 0) {
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0') {
      problems.Add(field.node->place, field.path,
                   "'~' needs the environment variable HOME, which is not set");
      return std::nullopt;
    }
    expanded.replace(0, 1, home);
  }
  return expanded;
}

fs::path ResolvePath(const std::string& location, const fs::path& base_folder) {
  const fs::path path = (base_folder / location).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // no trailing slash
}

std::vector<fs::path> MatchFiles(const std::string& pattern, const fs::path& base_folder) {
  const bool absolute = fs::path(pattern).is_absolute();
  const std::string full =
      (absolute ? "" : EscapeForGlob(base_folder.string(), false) + "/") + EscapeForGlob(pattern, true);
  glob_t found{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> closes(&found, globfree);
  std::vector<fs::path> files;
  if (::glob(full.c_str(), 0, nullptr, &found) != 0) return files;
  for (size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  return files;
}

}  // namespace reelswap
