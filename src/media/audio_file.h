#pragma once

#include <filesystem>
#include <span>

namespace reelswap {

/// Encodes one channel of sound as AAC (96 kbit/s) into .m4a (or .mp4, .mov, .mkv); the final name
/// appears when it is complete. `mono_samples`: -1..1, louder is clipped. `sample_rate`: Hz, one
/// of AAC's (8000 to 96000). Thread-safe. Throws Error(kDisk) when the file cannot be written,
/// std::invalid_argument for another rate or no samples.
void WriteAudioFile(const std::filesystem::path& path, std::span<const float> mono_samples, int sample_rate);

}  // namespace reelswap
