#pragma once

#include <filesystem>

#include "model/torch/networks.h"

namespace reelswap {

/// Encoder and decoders from another model's file (its averages where it is a checkpoint that has them). A person
/// gets the decoder of the same name where the base has one; the others get its unused decoders in order, then its
/// decoders in turn. Throws Error(kModel) when the file is damaged or does not fit.
void LoadBase(const std::filesystem::path& path, SwapNetworks& networks);

}  // namespace reelswap
