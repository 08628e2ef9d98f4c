#include "model/torch/preview.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "model/face_loader.h"
#include "model/random_warp.h"

namespace reelswap {
namespace {

constexpr size_t kPreviewFaces = 6;

/// Spread over the list, at a seeded place inside each sixth of it.
std::vector<std::filesystem::path> ChooseFaces(const TrainingFaces& person, size_t number, uint64_t seed) {
  const size_t count = std::min(kPreviewFaces, person.images.size());
  SampleRandom random(seed, number, 0, 0x9e71e8);
  std::vector<std::filesystem::path> chosen;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * person.images.size() / count, end = (i + 1) * person.images.size() / count;
    chosen.push_back(person.images[begin + random.Next() % (end - begin)]);
  }
  return chosen;
}

std::vector<cv::Mat> PicturesFrom(const at::Tensor& logits) {
  const at::Tensor bytes = logits.to(at::kFloat)
                               .sigmoid()
                               .mul(255.0)
                               .add_(0.5)
                               .to(at::kByte)
                               .permute({0, 2, 3, 1})
                               .contiguous()
                               .to(at::kCPU);
  const int side = static_cast<int>(bytes.size(1));
  std::vector<cv::Mat> pictures;
  for (int64_t i = 0; i < bytes.size(0); ++i) {
    pictures.push_back(cv::Mat(side, side, CV_8UC3, bytes.data_ptr<uint8_t>() + i * side * side * 3).clone());
  }
  return pictures;
}

}  // namespace

std::vector<PreviewBlock> RenderPreview(const SwapNetworks& networks,
                                        const std::vector<TrainingFaces>& people,
                                        const CropGeometry& image_geometry, uint64_t seed) {
  const at::NoGradGuard no_grad;
  const CropGeometry& in = networks.architecture.input;
  const CropGeometry& out = networks.architecture.output;
  std::vector<PreviewBlock> blocks;
  for (size_t p = 0; p < people.size(); ++p) {
    const size_t next = (p + 1) % people.size();
    PreviewBlock block{people[p].person, people[next].person, {}, {}, {}};
    std::vector<uint8_t> pixels;
    for (const std::filesystem::path& image : ChooseFaces(people[p], p, seed)) {
      block.originals.push_back(CutPlain(image, image_geometry, out));
      const cv::Mat input = CutPlain(image, image_geometry, in);
      pixels.insert(pixels.end(), input.data, input.data + input.total() * 3);
    }
    const at::Tensor faces = TensorFromPictures(pixels.data(), static_cast<int64_t>(block.originals.size()),
                                                in.size, networks.placement, networks.encoder.input_type());
    const at::Tensor code = networks.encoder.Forward(faces);
    block.reconstructed = PicturesFrom(networks.decoders[p].second.Forward(code));
    block.swapped = PicturesFrom(networks.decoders[next].second.Forward(code));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace reelswap
