#include "model/torch/preview.h"

#include <algorithm>

#include "model/face_loader.h"
#include "model/random_warp.h"
#include "model/torch/swap_call.h"

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

std::vector<cv::Mat> Images(const std::vector<SwappedCrop>& crops) {
  std::vector<cv::Mat> images;
  for (const SwappedCrop& crop : crops) images.push_back(crop.image);
  return images;
}

}  // namespace

std::vector<PreviewBlock> RenderPreview(const SwapNetworks& networks,
                                        const std::vector<TrainingFaces>& people,
                                        const CropGeometry& image_geometry, uint64_t seed) {
  const CropGeometry& in = networks.architecture.input;
  const CropGeometry& out = networks.architecture.output;
  std::vector<PreviewBlock> blocks;
  for (size_t p = 0; p < people.size(); ++p) {
    const size_t next = (p + 1) % people.size();
    PreviewBlock block{people[p].person, people[next].person, {}, {}, {}};
    std::vector<cv::Mat> inputs;
    for (const std::filesystem::path& image : ChooseFaces(people[p], p, seed)) {
      block.originals.push_back(CutPlain(image, image_geometry, out));
      inputs.push_back(CutPlain(image, image_geometry, in));
    }
    block.reconstructed = Images(SwapCrops(networks, inputs, people[p].person, false));
    block.swapped = Images(SwapCrops(networks, inputs, people[next].person, false));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace reelswap
