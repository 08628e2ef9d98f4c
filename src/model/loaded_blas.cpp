#include "model/loaded_blas.h"

#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace reelswap {
namespace {

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::optional<LoadedBlas::Kind> KindOf(const std::string& path) {
  const std::string name = FileName(path);
  if (name.starts_with("libmkl")) return LoadedBlas::Kind::kMkl;
  if (!name.starts_with("lib")) return std::nullopt;
  // The whole path: Debian's OpenBLAS lies in .../openblas-pthread/libblas.so.3.
  if (path.find("openblas") != std::string::npos) return LoadedBlas::Kind::kOpenBlas;
  if (name.starts_with("libblis") || name.starts_with("libatlas")) return LoadedBlas::Kind::kOther;
  if (name.starts_with("libblas.so")) return LoadedBlas::Kind::kReference;
  return std::nullopt;
}

}  // namespace

LoadedBlas FindBlas(const std::string& maps) {
  std::map<LoadedBlas::Kind, std::set<std::string>> found;
  std::istringstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    const size_t slash = line.find('/');
    if (slash == std::string::npos) continue;  // the heap, the stack
    const std::string path = line.substr(slash);
    if (const auto kind = KindOf(path)) found[*kind].insert(path);
  }
  if (found.empty()) return {};
  const auto& [kind, paths] = *found.begin();
  return {kind, {paths.begin(), paths.end()}};
}

std::string DescribeBlas(const LoadedBlas& blas, const std::string& openblas_config) {
  switch (blas.kind) {
    case LoadedBlas::Kind::kMkl:
      return "MKL";
    case LoadedBlas::Kind::kOpenBlas:
      if (openblas_config.empty()) return "OpenBLAS";
      return openblas_config.substr(0, openblas_config.find(' ', openblas_config.find(' ') + 1));
    case LoadedBlas::Kind::kOther:
      return FileName(blas.paths.front());
    case LoadedBlas::Kind::kReference:
      return "reference BLAS";
    case LoadedBlas::Kind::kBuiltIn:
      break;
  }
  return "built into LibTorch";
}

}  // namespace reelswap
