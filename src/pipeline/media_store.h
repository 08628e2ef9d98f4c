#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "fetch/fetch.h"
#include "pipeline/run_context.h"

namespace reelswap {

/// Brings URLs and local files of a run to disk: each only once however many sources name it, at
/// most limits.per_host_connections downloads per host at a time, none larger than
/// limits.max_download_gb. Thread-safe.
class MediaStore {
 public:
  explicit MediaStore(const RunContext& context) : context_(context) {}

  /// location: URL or absolute path. Blocks until the file is complete. Errors as FetchUrl and
  /// DescribeLocalFile.
  FetchedMedia Get(const std::string& location, const std::optional<std::string>& sha256);

 private:
  FetchedMedia Download(const std::string& url, const std::optional<std::string>& sha256);

  const RunContext& context_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::shared_ptr<std::mutex>> folder_locks_;
  std::map<std::string, int> connections_;  ///< per host
};

/// The finished media of a URL in the workspace, or the local file itself; nothing is downloaded.
std::optional<std::filesystem::path> FindOnDisk(const Workspace& workspace, const std::string& location);

/// Host of a URL in lower case, without port and credentials.
std::string HostOf(const std::string& url);

/// What people see of a location: host and last path component, or the file name. No secrets of a URL.
std::string ShortName(const std::string& location);

/// A location for reports and logs: whole, but without the secrets of a URL.
std::string ShownLocation(const std::string& location);

}  // namespace reelswap
