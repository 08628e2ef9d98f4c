#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace reelswap {

/// Writes `bytes` under a temporary name beside `path`, flushes to disk, renames. Either the old
/// or the whole new content is there afterwards. Creates parent folders. Throws Error(kDisk) with
/// path and reason (full disk, permission); refuses to replace anything but a regular file.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

/// Flushes a finished temporary file (and its folder) to disk and renames it to `path`.
/// Same guarantees and errors as WriteFileAtomically.
void CommitFile(const std::filesystem::path& temporary, const std::filesystem::path& path);

/// The temporary name to use beside `path`: same folder, same extension (so that muxers and image
/// encoders still recognise it), unique per process and call: "out.mp4" -> "out.<unique>.part.mp4".
std::filesystem::path TemporaryPathFor(const std::filesystem::path& path);

/// Whole file as bytes. Throws Error(kDisk) when it cannot be read or is larger than max_bytes.
std::string ReadFile(const std::filesystem::path& path, int64_t max_bytes = int64_t{1} << 30);

/// Lower-case hex SHA-256 (64 characters).
std::string Sha256OfBytes(std::string_view bytes);
std::string Sha256OfFile(const std::filesystem::path& path);

}  // namespace reelswap
