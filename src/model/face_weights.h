#pragma once

#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap {

/// How much every pixel of a crop counts in the loss: most on eyes and mouth, where expression lives, a tenth
/// of the face outside the oval of the face. Crops are aligned, so one fixed map serves all of them. Left and
/// right are alike, as the training exchanges them. CV_32FC1, crop.size x crop.size, all above 0, mean 1.
cv::Mat FaceWeightMap(const CropGeometry& crop);

}  // namespace reelswap
