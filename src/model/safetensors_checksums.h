#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

namespace reelswap {

// What WriteSafetensors adds to a file's metadata so that damage is seen: under "sha256.tensors" a JSON object
// of the SHA-256 of every tensor's bytes, under "sha256.header" the SHA-256 of the whole header text (padding
// included) with these 64 digits themselves taken as zeros.
inline constexpr const char* kHeaderChecksum = "sha256.header";
inline constexpr const char* kTensorChecksums = "sha256.tensors";

/// Bytes of one element of a safetensors type, 0 for an unknown one.
uint64_t SafetensorsElementBytes(const std::string& dtype);

/// SHA-256 in hex.
std::string ChecksumOf(std::span<const std::byte> bytes);

/// The place holder that stands for a checksum of the header or of a tensor until it is known.
std::string NoChecksum();

/// Puts the checksum into a header that holds NoChecksum() under kHeaderChecksum and is otherwise ready.
void SealHeader(std::string& header);

/// Takes both entries out of `metadata`. Returns the checksums by tensor, nothing when the file has none.
/// Throws Error(kModel) when the header is not the one that was written, or only half of them is there.
std::map<std::string, std::string> TakeChecksums(const std::filesystem::path& path, const std::string& header,
                                                 std::map<std::string, std::string>& metadata);

}  // namespace reelswap
