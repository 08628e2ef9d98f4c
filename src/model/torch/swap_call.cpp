#include "model/torch/swap_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "model/torch/torch_error.h"

namespace reelswap {
namespace {

constexpr size_t kFacesPerCall = 16;

const Network& DecoderOf(const SwapNetworks& networks, const std::string& person) {
  std::vector<std::string> known;
  for (const auto& [name, decoder] : networks.decoders) {
    if (name == person) return decoder;
    known.push_back(name);
  }
  throw Error(ErrorKind::kModel,
              fmt::format("the model has no person \"{}\" (it has: {})", person, fmt::join(known, ", ")));
}

/// N x C x S x S in [0,1] -> N x S x S x C bytes on the CPU.
at::Tensor Bytes(const at::Tensor& values) {
  return values.mul(255.0).add_(0.5).to(at::kByte).permute({0, 2, 3, 1}).contiguous().to(at::kCPU);
}

void SwapSome(const SwapNetworks& networks, const Network& decoder, std::span<const cv::Mat> crops, bool masks,
              std::vector<SwappedCrop>& swapped) {
  const int in = networks.architecture.input.size, out = networks.architecture.output.size;
  const size_t picture = static_cast<size_t>(in) * in * 3;
  std::vector<uint8_t> pixels(crops.size() * picture);
  for (size_t i = 0; i < crops.size(); ++i) {
    crops[i].copyTo(cv::Mat(in, in, CV_8UC3, pixels.data() + i * picture));
  }
  const at::Tensor input = TensorFromPictures(pixels.data(), static_cast<int64_t>(crops.size()), in,
                                              networks.placement, networks.encoder.input_type());
  const at::Tensor values = decoder.Forward(networks.encoder.Forward(input)).to(at::kFloat).sigmoid();
  const bool has_mask = values.size(1) == 4;
  const at::Tensor faces = Bytes(values.narrow(1, 0, 3));
  const at::Tensor alphas = has_mask && masks ? Bytes(values.narrow(1, 3, 1)) : at::Tensor();
  const size_t area = static_cast<size_t>(out) * out;
  for (size_t i = 0; i < crops.size(); ++i) {
    SwappedCrop crop;
    crop.image = cv::Mat(out, out, CV_8UC3, faces.data_ptr<uint8_t>() + i * area * 3).clone();
    if (alphas.defined()) {
      crop.mask = cv::Mat(out, out, CV_8UC1, alphas.data_ptr<uint8_t>() + i * area).clone();
    }
    swapped.push_back(std::move(crop));
  }
}

}  // namespace

std::vector<SwappedCrop> SwapCrops(const SwapNetworks& networks, std::span<const cv::Mat> crops,
                                   const std::string& person, bool masks) {
  const int side = networks.architecture.input.size;
  for (const cv::Mat& crop : crops) {
    if (crop.type() != CV_8UC3 || crop.rows != side || crop.cols != side) {
      throw std::invalid_argument(fmt::format("SwapCrops: faces must be {0} x {0} CV_8UC3", side));
    }
  }
  const Network& decoder = DecoderOf(networks, person);
  const c10::InferenceMode inference;
  std::vector<SwappedCrop> swapped;
  swapped.reserve(crops.size());
  for (size_t begin = 0; begin < crops.size(); begin += kFacesPerCall) {
    const auto some = crops.subspan(begin, std::min(kFacesPerCall, crops.size() - begin));
    WithTorchErrors("swapping", [&] { SwapSome(networks, decoder, some, masks, swapped); });
  }
  return swapped;
}

}  // namespace reelswap
