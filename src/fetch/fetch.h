#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/progress.h"

namespace reelswap {

struct FetchOptions {
  int64_t max_bytes = int64_t{20} << 30;  ///< per file; more is an error, not a cut
  double max_minutes = 0;                 ///< longest page video, 0 = any
  int max_redirects = 10;
  int max_attempts = 5;  ///< for 5xx, 429, dropped and stalled connections
  double first_backoff_seconds =
      1.0;                    ///< doubled each time with jitter; Retry-After is honoured up to a minute
  double stall_seconds = 30;  ///< no byte for so long counts as dropped
  double connect_timeout_seconds = 20;
  std::string ytdlp_program = "yt-dlp";          ///< looked up in PATH, never through a shell
  std::optional<std::filesystem::path> cookies;  ///< Netscape cookie file; never logged
  std::optional<std::string> expected_sha256;    ///< lower-case hex
  bool any_file = false;  ///< the URL is a file whatever its name ends in (weights), never a page for yt-dlp
};

/// A finished source on disk.
struct FetchedMedia {
  std::filesystem::path path;
  std::string url;              ///< as given (local files: the absolute path)
  std::string id;               ///< the page's video id, else empty
  std::string title;            ///< the page's title, else empty. Never used as a path.
  double duration_seconds = 0;  ///< 0 = unknown
  int64_t bytes = 0;
  std::string sha256;
  bool was_complete = false;  ///< nothing had to be downloaded
};

/// True for http:// and https:// in any case.
bool IsUrl(const std::string& text);

/// Folder-safe id of a URL: 16 hex digits of its SHA-256.
std::string SourceId(const std::string& url_or_path);

/// Brings a URL to disk in `folder` (one folder per source). URLs whose path ends in a media or
/// picture extension are downloaded directly with libcurl; everything else is a page and goes
/// through yt-dlp. A finished source is described by folder/source.json and never fetched again.
/// An interrupted direct download leaves a .part file that the next call resumes (Range with
/// If-Range); nothing ever appears under its final name before it is complete.
/// Only http and https are spoken, redirects included. Thread-safe for different folders.
/// Throws Error(kNetwork) (with the HTTP status, or what was got instead of a video),
/// Error(kDisk), Error(kMissingTool) when yt-dlp is needed and absent, Error(kCancelled).
FetchedMedia FetchUrl(const std::string& url, const std::filesystem::path& folder,
                      const FetchOptions& options, ProgressSink& progress, std::stop_token stop);

/// Describes a local file the same way; its sha256 is cached in folder/source.json with size and
/// modification time. Throws Error(kMedia) if it is missing, empty or no regular file.
FetchedMedia DescribeLocalFile(const std::filesystem::path& file, const std::filesystem::path& folder);

/// Expands * and ? in the path components of a pattern relative to base; sorted; a plain name gives itself.
/// Brackets stand for themselves, hidden names need a dot, folders are given only where no file matches.
/// Throws Error(kMedia) when nothing matches.
std::vector<std::filesystem::path> ExpandGlob(const std::string& pattern, const std::filesystem::path& base);

/// Version of yt-dlp ("2023.03.04"), or nullopt when it cannot be started.
std::optional<std::string> YtDlpVersion(const std::string& program);

}  // namespace reelswap
