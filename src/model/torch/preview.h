#pragma once

#include "model/torch/networks.h"
#include "model/training_pictures.h"

namespace reelswap {

/// Up to six faces of each person, the same for a seed and list of pictures, through their own and the
/// next person's decoder.
std::vector<PreviewBlock> RenderPreview(const SwapNetworks& networks,
                                        const std::vector<TrainingFaces>& people,
                                        const CropGeometry& image_geometry, uint64_t seed);

}  // namespace reelswap
