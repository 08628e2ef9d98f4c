#pragma once

#include <exception>

namespace reelswap {

/// True when an exception says that memory is short: std::bad_alloc, LibTorch's allocators on the CPU and on
/// CUDA, cuDNN and cuBLAS, which all throw errors that only their text tells from others.
bool IsOutOfMemory(const std::exception& error);

}  // namespace reelswap
