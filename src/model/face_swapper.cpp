#include "model/face_swapper.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "model/architecture.h"
#include "model/torch/torch_error.h"
#include "model/torch/weights_io.h"

namespace reelswap {
namespace {

constexpr size_t kFacesPerCall = 16;

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

  const Network& DecoderOf(const std::string& person) const {
    for (const auto& [name, decoder] : networks.decoders) {
      if (name == person) return decoder;
    }
    throw Error(ErrorKind::kModel, fmt::format("the model has no person \"{}\" (it has: {})", person,
                                               fmt::join(info.people, ", ")));
  }

  void SwapSome(std::span<const cv::Mat> faces, const Network& decoder, std::vector<cv::Mat>& swapped) const {
    const int64_t n = static_cast<int64_t>(faces.size()), in = info.input.size, out = info.output.size;
    std::vector<uint8_t> pixels(static_cast<size_t>(n * in * in * 3));
    for (int64_t i = 0; i < n; ++i) {
      cv::Mat slot(static_cast<int>(in), static_cast<int>(in), CV_8UC3, pixels.data() + i * in * in * 3);
      faces[static_cast<size_t>(i)].copyTo(slot);
    }
    const Placement& placement = networks.placement;
    const at::Tensor input =
        TensorFromPictures(pixels.data(), n, in, placement, networks.encoder.input_type());
    const at::Tensor logits = decoder.Forward(networks.encoder.Forward(input));
    const at::Tensor bytes = logits.to(at::kFloat)
                                 .sigmoid()
                                 .mul_(255.0)
                                 .add_(0.5)
                                 .to(at::kByte)
                                 .permute({0, 2, 3, 1})
                                 .contiguous()
                                 .to(at::kCPU);
    for (int64_t i = 0; i < n; ++i) {
      const cv::Mat view(static_cast<int>(out), static_cast<int>(out), CV_8UC3,
                         bytes.data_ptr<uint8_t>() + i * out * out * 3);
      swapped.push_back(view.clone());
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

std::vector<cv::Mat> FaceSwapper::Swap(std::span<const cv::Mat> faces, const std::string& person) const {
  const int side = impl_->info.input.size;
  for (const cv::Mat& face : faces) {
    if (face.type() != CV_8UC3 || face.rows != side || face.cols != side) {
      throw std::invalid_argument(fmt::format("FaceSwapper::Swap: faces must be {0} x {0} CV_8UC3", side));
    }
  }
  const Network& decoder = impl_->DecoderOf(person);
  SetTorchThreads(impl_->threads);
  const c10::InferenceMode inference;
  std::vector<cv::Mat> swapped;
  swapped.reserve(faces.size());
  for (size_t begin = 0; begin < faces.size(); begin += kFacesPerCall) {
    const auto some = faces.subspan(begin, std::min(kFacesPerCall, faces.size() - begin));
    WithTorchErrors("swapping", [&] { impl_->SwapSome(some, decoder, swapped); });
  }
  return swapped;
}

}  // namespace reelswap
