#pragma once

namespace reelswap {

/// From the first call on, this process keeps the memory of freed CPU tensors for the next ones of their size,
/// in huge pages where the kernel gives them. A training step frees and takes the same hundreds of tensors
/// again and again; the C library gives large ones back to the kernel each time and then has every page cleared
/// anew, which took 10 to 20 % of a step. For every size at most as many blocks are kept as were in use at once.
/// Thread-safe; further calls do nothing.
void KeepTensorMemory();

/// Gives back to the system what is kept and not in use: after a training, and where memory is short. Thread-safe.
void ReleaseTensorMemory();

}  // namespace reelswap
