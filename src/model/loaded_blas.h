#pragma once

#include <string>
#include <vector>

namespace reelswap {

/// Which library answers LibTorch's matrix products.
struct LoadedBlas {
  enum class Kind {
    kMkl,
    kOpenBlas,
    kOther,      ///< a fast one known by its file's name only (BLIS, ATLAS)
    kReference,  ///< the plain libblas: correct, and many times slower than the others
    kBuiltIn,    ///< no library of its own: linked into LibTorch
  };
  Kind kind = Kind::kBuiltIn;
  std::vector<std::string> paths;  ///< the mapped files that said so, sorted; empty for kBuiltIn
};

/// Looks through a listing of mapped files in the form of /proc/self/maps. Debian's alternatives system
/// decides what libblas.so.3 is, so only the mapped file tells. Where several are mapped, the first of
/// Kind's order counts.
LoadedBlas FindBlas(const std::string& maps);

/// "MKL", "reference BLAS", "built into LibTorch", a file's name, or "OpenBLAS" where its own words
/// (openblas_get_config, "OpenBLAS 0.3.21 NO_LAPACK ..."; may be empty) give no version.
std::string DescribeBlas(const LoadedBlas& blas, const std::string& openblas_config);

}  // namespace reelswap
