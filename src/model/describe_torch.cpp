#include <dlfcn.h>

#include <fstream>
#include <sstream>

#include "model/face_swapper.h"
#include "model/loaded_blas.h"
#include "model/torch/device.h"

namespace reelswap {
namespace {

/// Files mapped into this process.
std::string MappedFiles() {
  std::ostringstream text;
  text << std::ifstream("/proc/self/maps").rdbuf();
  return text.str();
}

/// "OpenBLAS 0.3.21 ..." from the library itself, or empty.
std::string OpenBlasConfig(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return "";
  const auto config = reinterpret_cast<const char* (*)()>(dlsym(library, "openblas_get_config"));
  const std::string text = config != nullptr ? config() : "";
  dlclose(library);  // RTLD_NOLOAD took a reference
  return text;
}

}  // namespace

TorchInfo DescribeTorch() {
  TorchInfo info;
  info.version = TORCH_VERSION;
  info.cuda_available = torch::cuda::is_available();
  info.device = DescribePlacement(ChoosePlacement("auto"));
  info.cpu_bf16 = CpuHasBf16();
  const LoadedBlas blas = FindBlas(MappedFiles());
  std::string config;
  if (blas.kind == LoadedBlas::Kind::kOpenBlas) {
    // Debian's OpenBLAS is mapped as two files, and not each of them knows its version.
    for (size_t i = 0; i < blas.paths.size() && config.empty(); ++i) config = OpenBlasConfig(blas.paths[i]);
  }
  info.blas = DescribeBlas(blas, config);
  info.blas_is_reference = blas.kind == LoadedBlas::Kind::kReference;
  return info;
}

}  // namespace reelswap
