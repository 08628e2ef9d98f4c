#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

#include "model/face_swapper.h"
#include "model/torch/networks.h"

namespace reelswap {

/// Crops of the encoder's input (CV_8UC3 BGR, checked) through `person`'s decoder, 16 at a time. masks: also
/// gives the network's own mask where it draws one. Throws std::invalid_argument for a crop of another size or
/// type, Error(kModel) for a person the networks do not have. Uses the calling thread's number of LibTorch threads.
std::vector<SwappedCrop> SwapCrops(const SwapNetworks& networks, std::span<const cv::Mat> crops,
                                   const std::string& person, bool masks = true);

}  // namespace reelswap
