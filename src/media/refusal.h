#pragma once

#include <filesystem>
#include <string>

namespace reelswap {

/// What a file that is no video looks like from its first bytes, as a clause for the user ("is a
/// web page, not a video: ..."), or empty when the bytes say nothing.
std::string DescribeNonVideo(const std::filesystem::path& path);

/// True when the first box has a name that mp4 and mov files begin with.
bool BeginsLikeMp4(const std::filesystem::path& path);

/// Throws Error(kMedia) unless `path` is a regular file with content. Never opens it, so a named
/// pipe cannot block.
void RequireRegularFile(const std::filesystem::path& path);

}  // namespace reelswap
