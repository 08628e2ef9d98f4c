#include "model/face_swapper.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/architecture.h"
#include "model/torch/swap_call.h"
#include "model/torch/weights_io.h"

namespace reelswap {
namespace {

void CheckFits(const std::filesystem::path& path, const WeightsInfo& info) {
  const Architecture& architecture = ArchitectureByName(info.architecture);
  if (info.input.size != architecture.input.size || info.output.size != architecture.output.size) {
    throw Error(
        ErrorKind::kModel,
        fmt::format("{}: made by another version of {} ({} px to {} px, this one takes {} px to {} px)",
                    path.string(), info.architecture, info.input.size, info.output.size,
                    architecture.input.size, architecture.output.size));
  }
}

}  // namespace

WeightsInfo ReadWeightsInfo(const std::filesystem::path& weights) {
  const SafetensorsFile file(weights);
  return ParseMetadata(weights, file.metadata()).info;
}

struct FaceSwapper::Impl {
  Impl(SafetensorsFile& file, const WeightsInfo& i, const Placement& placement, int t)
      : info(i), threads(t), networks(ArchitectureByName(i.architecture), i.people, placement, 0) {
    LoadNetwork(file, networks.encoder.prefix(), networks.encoder);
    networks.encoder.Freeze();
    for (auto& [person, decoder] : networks.decoders) {
      LoadNetwork(file, decoder.prefix(), decoder);
      decoder.Freeze();
    }
  }

  WeightsInfo info;
  int threads;
  SwapNetworks networks;
};

FaceSwapper::FaceSwapper(const std::filesystem::path& weights, const std::string& device, int threads) {
  SafetensorsFile file(weights);
  const WeightsInfo info = ParseMetadata(weights, file.metadata()).info;
  CheckFits(weights, info);
  impl_ = std::make_unique<Impl>(file, info, ChoosePlacement(device), threads);
}
FaceSwapper::~FaceSwapper() = default;
FaceSwapper::FaceSwapper(FaceSwapper&&) noexcept = default;
FaceSwapper& FaceSwapper::operator=(FaceSwapper&&) noexcept = default;

const WeightsInfo& FaceSwapper::info() const { return impl_->info; }

std::vector<SwappedCrop> FaceSwapper::SwapWithMasks(std::span<const cv::Mat> faces,
                                                    const std::string& person) const {
  SetTorchThreads(impl_->threads);
  return SwapCrops(impl_->networks, faces, person);
}

std::vector<cv::Mat> FaceSwapper::Swap(std::span<const cv::Mat> faces, const std::string& person) const {
  SetTorchThreads(impl_->threads);
  std::vector<cv::Mat> images;
  images.reserve(faces.size());
  for (SwappedCrop& crop : SwapCrops(impl_->networks, faces, person, false)) images.push_back(std::move(crop.image));
  return images;
}

}  // namespace reelswap
