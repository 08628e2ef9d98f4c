#pragma once

#include <filesystem>
#include <string>

namespace reelswap {

/// Canonical extension (".mp4") where `path` ends in one of the extensions of videos or pictures
/// that we read, in any case; else empty. Only these ever become part of a name on disk.
std::string MediaExtensionOf(const std::string& path);

/// True for the pictures among them.
bool IsPictureExtension(const std::string& extension);

/// The first 512 bytes of a file (fewer where it is shorter), for the two functions below.
std::string FirstBytesOf(const std::filesystem::path& file);

/// The extension that fits the first bytes of a video file (mp4, mkv, avi, flv, ts), else empty.
std::string ExtensionFromFirstBytes(const std::string& head);

/// True where the first bytes of a file are those of an HTML page.
bool LooksLikeWebPage(const std::string& head);

}  // namespace reelswap
