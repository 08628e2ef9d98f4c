#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "fetch/fetch.h"
#include "fetch/fetch_progress.h"
#include "fetch/source_record.h"

namespace reelswap {

/// The name's end of what is neither video nor picture (FetchOptions::any_file).
inline constexpr const char* kOtherFileExtension = ".bin";

/// Downloads the file behind a direct link to folder/media<extension>, resuming what is there.
/// The record comes back complete but for the source.json, which the caller writes last.
/// Throws as FetchUrl does.
SourceRecord DownloadDirectly(const std::string& url, const std::string& extension,
                              const std::filesystem::path& folder, const FetchOptions& options,
                              FetchProgress& progress, std::stop_token stop);

/// The finished file must have the expected sum (where one is given), else Error(kNetwork).
void CheckSha256(const std::string& shown_url, const std::string& sha256, const FetchOptions& options);

}  // namespace reelswap
