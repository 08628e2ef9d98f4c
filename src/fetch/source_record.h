#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "fetch/fetch.h"

namespace reelswap {

/// What folder/source.json says of a finished download. The URL is recognised by its hash, so
/// that a password in it never reaches the disk.
struct SourceRecord {
  FetchedMedia media;     ///< path is folder / file
  std::string validator;  ///< ETag or Last-Modified of the answer, may be empty
};

/// The finished source of `url` in `folder`: source.json is there, speaks of this URL, and its
/// file has the size it names. Anything else (torn, foreign, edited) is nullopt.
std::optional<SourceRecord> ReadSourceRecord(const std::filesystem::path& folder, const std::string& url);

/// Writes source.json atomically; record.media.path must lie directly in `folder`.
void WriteSourceRecord(const std::filesystem::path& folder, const SourceRecord& record);

}  // namespace reelswap
