#include "model/torch/device.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <fstream>
#include <thread>

#include "core/error.h"

#if __has_include(<cuda_runtime_api.h>) && __has_include(<ATen/cuda/CUDAContext.h>)
#include <ATen/cuda/CUDAContext.h>
#define REELSWAP_WITH_CUDA 1
#endif

namespace reelswap {
namespace {

std::string CudaName(const at::Device& device) {
#ifdef REELSWAP_WITH_CUDA
  return at::cuda::getDeviceProperties(device.has_index() ? device.index() : 0)->name;
#else
  (void)device;
  return "CUDA device";
#endif
}

bool CudaHasBf16(const at::Device& device) {
#ifdef REELSWAP_WITH_CUDA
  return at::cuda::getDeviceProperties(device.has_index() ? device.index() : 0)->major >= 8;
#else
  (void)device;
  return true;
#endif
}

}  // namespace

bool CpuHasBf16() {
  static const bool kHas = [] {
    std::ifstream info("/proc/cpuinfo");
    std::string line;
    while (std::getline(info, line)) {
      if (line.starts_with("flags")) {
        return line.find(" avx512_bf16") != std::string::npos || line.find(" amx_bf16") != std::string::npos;
      }
    }
    return false;
  }();
  return kHas;
}

Placement ChoosePlacement(const std::string& device, const std::string& precision) {
  if (precision != "auto" && precision != "fp32") {
    throw Error(ErrorKind::kModel,
                fmt::format("unknown precision \"{:.40}\" (known: auto, fp32)", precision));
  }
  if (device != "auto" && device != "cpu" && device != "cuda") {
    throw Error(ErrorKind::kModel, fmt::format("unknown device \"{:.40}\" (known: auto, cpu, cuda)", device));
  }
  const bool cuda = device != "cpu" && torch::cuda::is_available();
  if (device == "cuda" && !cuda) {
    throw Error(ErrorKind::kModel,
                "device cuda was asked for, but this LibTorch finds no CUDA card (use device: auto, "
                "or build against a CUDA LibTorch with -DCMAKE_PREFIX_PATH)");
  }
  if (cuda) {
    const at::Device card(at::kCUDA, 0);
    return {card, precision == "auto" && CudaHasBf16(card) ? at::kBFloat16 : at::kFloat};
  }
  return {at::kCPU, precision == "auto" && CpuHasBf16() ? at::kBFloat16 : at::kFloat};
}

std::string DescribePlacement(const Placement& placement) {
  const char* type = placement.type == at::kBFloat16 ? "bf16" : "fp32";
  if (placement.device.is_cuda()) return fmt::format("cuda: {} ({})", CudaName(placement.device), type);
  return fmt::format("cpu ({})", type);
}

void Synchronise(const Placement& placement) {
  if (placement.device.is_cuda()) torch::cuda::synchronize();
}

int SetTorchThreads(int threads) {
  const int before = at::get_num_threads();
  const int wanted =
      threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (wanted != before) at::set_num_threads(wanted);
  return before;
}

}  // namespace reelswap
