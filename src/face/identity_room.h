#pragma once

// Private to src/face: the way into dlib's network files, whose headers cost half a minute to compile.

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

#include "core/faces.h"
#include "face/dense_net.h"

namespace reelswap {

/// The weights of BAREL's face recognition DenseNet, version 1, from its file as dlib stores networks.
/// Throws Error(kMissingTool) when the file cannot be opened, Error(kModel) when it is any other.
DenseNetWeights LoadIdentityNetwork(const std::filesystem::path& file);

/// The face as the network was taught to see it: upright, with a margin of a quarter, 150 x 150 x 3 R G B.
/// bgr: CV_8UC3; what lies outside of it is black.
std::vector<uint8_t> CutIdentityChip(const cv::Mat& bgr, const Landmarks& landmarks);

}  // namespace reelswap
