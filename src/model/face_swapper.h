#pragma once

#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/faces.h"
#include "model/swapped_crop.h"
#include "model/trainer.h"

namespace reelswap {

/// What a weights file says of itself (its header only is read).
struct WeightsInfo {
  std::string architecture;
  CropGeometry input;
  CropGeometry output;
  std::vector<std::string> people;  ///< decoder names in order
  int64_t iterations = 0;
};

/// Throws Error(kModel): damaged, not safetensors, not one of ours, larger than 4 GiB.
WeightsInfo ReadWeightsInfo(const std::filesystem::path& weights);

/// Gives faces another person's face. Swap() may be called from several threads at once.
class FaceSwapper {
 public:
  /// Throws Error(kModel) on damage or an unknown architecture. threads: LibTorch threads per call, 0 = all
  /// cores. LibTorch keeps that number per calling thread; Swap() sets it on the thread it is called from
  /// and leaves it set, so a thread that also trains must not swap in between.
  FaceSwapper(const std::filesystem::path& weights, const std::string& device = "auto", int threads = 0);
  ~FaceSwapper();
  FaceSwapper(FaceSwapper&&) noexcept;
  FaceSwapper& operator=(FaceSwapper&&) noexcept;

  const WeightsInfo& info() const;
  /// faces: crops of info().input, CV_8UC3 BGR. Returns crops of info().output, CV_8UC3 BGR, through
  /// `person`'s decoder, in one network call per 16 faces. Throws std::invalid_argument on a wrong size,
  /// Error(kModel) when the model has no such person.
  std::vector<cv::Mat> Swap(std::span<const cv::Mat> faces, const std::string& person) const;
  /// The same with the network's own masks.
  std::vector<SwappedCrop> SwapWithMasks(std::span<const cv::Mat> faces, const std::string& person) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "1.13.1", device name, BLAS library in use ("OpenBLAS 0.3.21" or "reference BLAS"): for doctor and cards.
struct TorchInfo {
  std::string version;
  std::string device;
  bool cuda_available = false;
  std::string blas;
  bool blas_is_reference = false;
  bool cpu_bf16 = false;
};
TorchInfo DescribeTorch();

}  // namespace reelswap
