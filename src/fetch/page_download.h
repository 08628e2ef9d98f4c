#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "fetch/fetch.h"
#include "fetch/fetch_progress.h"
#include "fetch/source_record.h"

namespace reelswap {

/// Brings the (first) video of a page to folder/media.<ext> with the yt-dlp program, which works in
/// folder/download and is trusted with nothing: neither its file name, nor the title, nor its exit code.
/// The record comes back complete but for the source.json, which the caller writes last.
/// Throws as FetchUrl does.
SourceRecord DownloadFromPage(const std::string& url, const std::filesystem::path& folder,
                              const FetchOptions& options, FetchProgress& progress, std::stop_token stop);

}  // namespace reelswap
