#pragma once

#include <torch/torch.h>

#include <string>

// Everything that differs between LibTorch 1.13 and 2.x, or between CPU and CUDA builds, is behind
// these functions.
namespace reelswap {

/// Where tensors live and in what type the network computes. Master weights are fp32 everywhere.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;  ///< bf16 where the hardware multiplies it natively, else fp32
};

/// device: "auto", "cpu" or "cuda"; precision: "auto" or "fp32". Throws Error(kModel) for another word, or
/// for cuda where there is none.
Placement ChoosePlacement(const std::string& device, const std::string& precision = "auto");
/// "cpu (bf16)", "cuda: NVIDIA H200 (bf16)".
std::string DescribePlacement(const Placement& placement);
/// True where the CPU has AVX512-BF16 or AMX instructions.
bool CpuHasBf16();
/// Waits until the device has done what was queued.
void Synchronise(const Placement& placement);
/// LibTorch threads of the calling thread: 0 = all cores. Returns the number before.
int SetTorchThreads(int threads);

}  // namespace reelswap
