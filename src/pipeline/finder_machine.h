#pragma once

namespace reelswap {

/// Seconds of a clock that never jumps.
double SteadySeconds();
/// The most memory this process ever held, bytes.
double PeakMemoryBytes();

}  // namespace reelswap
