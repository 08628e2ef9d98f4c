#pragma once

#include <vector>

#include "model/face_loader.h"
#include "model/loss_watch.h"
#include "model/torch/networks.h"

namespace reelswap {

/// What the networks answer, with their present weights, to the first faces of every person in a batch.
std::vector<OutputLook> LookAtOutputs(const SwapNetworks& networks, const FaceBatch& batch);

}  // namespace reelswap
