#include <dlfcn.h>
#include <fmt/format.h>

#include <fstream>
#include <set>

#include "model/face_swapper.h"
#include "model/torch/device.h"

namespace reelswap {
namespace {

/// Shared libraries mapped into this process.
std::set<std::string> LoadedLibraries() {
  std::set<std::string> paths;
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    const size_t slash = line.find('/');
    if (slash != std::string::npos) paths.insert(line.substr(slash));
  }
  return paths;
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

/// Which library answers LibTorch's matrix products. Debian's alternatives system decides what
/// libblas.so.3 is, so only the mapped file tells.
void DescribeBlas(TorchInfo& info) {
  std::string reference;
  for (const std::string& path : LoadedLibraries()) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool openblas = path.find("openblas") != std::string::npos;
    if (name.find("libmkl") != std::string::npos) {
      info.blas = "MKL";
      return;
    }
    if (openblas) {
      const std::string config = OpenBlasConfig(path);
      if (!config.empty()) {
        info.blas = config.substr(0, config.find(' ', config.find(' ') + 1));  // name and version
        return;
      }
      info.blas = "OpenBLAS";
    } else if (name.starts_with("libblis") || name.starts_with("libatlas")) {
      info.blas = name;
    } else if (name.starts_with("libblas.so")) {
      reference = path;
    }
  }
  if (info.blas.empty()) {
    info.blas_is_reference = !reference.empty();
    info.blas = info.blas_is_reference ? "reference BLAS" : "built into LibTorch";
  }
}

}  // namespace

TorchInfo DescribeTorch() {
  TorchInfo info;
  info.version = TORCH_VERSION;
  info.cuda_available = torch::cuda::is_available();
  info.device = DescribePlacement(ChoosePlacement("auto"));
  info.cpu_bf16 = CpuHasBf16();
  DescribeBlas(info);
  return info;
}

}  // namespace reelswap
