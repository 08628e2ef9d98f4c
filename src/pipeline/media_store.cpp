#include "pipeline/media_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "fetch/url.h"

namespace reelswap {
namespace {

/// One of a host's connections, given back on destruction.
class HostSlot {
 public:
  HostSlot(std::mutex& mutex, std::condition_variable_any& changed, std::map<std::string, int>& connections,
           std::string host, int most, std::stop_token stop)
      : mutex_(mutex), changed_(changed), connections_(connections), host_(std::move(host)) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return connections_[host_] < most; });
    if (stop.stop_requested()) throw Error(ErrorKind::kCancelled, "interrupted before the download started");
    ++connections_[host_];
  }
  ~HostSlot() {
    {
      std::lock_guard lock(mutex_);
      --connections_[host_];
    }
    changed_.notify_all();
  }
  HostSlot(const HostSlot&) = delete;
  HostSlot& operator=(const HostSlot&) = delete;

 private:
  std::mutex& mutex_;
  std::condition_variable_any& changed_;
  std::map<std::string, int>& connections_;
  std::string host_;
};

}  // namespace

std::optional<std::filesystem::path> FindOnDisk(const Workspace& workspace, const std::string& location) {
  if (!IsUrl(location)) return std::filesystem::path(location);
  std::error_code ec;
  const std::filesystem::path folder = workspace.SourceFolder(SourceId(location));
  if (!std::filesystem::exists(folder / "source.json", ec)) return std::nullopt;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
    if (entry.path().stem() == "media") return entry.path();
  }
  return std::nullopt;
}

std::string HostOf(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "";
  std::string host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const size_t at = host.rfind('@'); at != std::string::npos) host = host.substr(at + 1);
  if (!host.empty() && host[0] == '[') {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return host;
}

std::string ShortName(const std::string& location) {
  return IsUrl(location) ? ShortNameOfUrl(location) : std::filesystem::path(location).filename().string();
}

std::string ShownLocation(const std::string& location) {
  return IsUrl(location) ? RedactedUrl(location) : location;
}

FetchedMedia MediaStore::Get(const std::string& location, const std::optional<std::string>& sha256) {
  const std::string id = SourceId(location);
  std::shared_ptr<std::mutex> folder_lock;
  {
    std::lock_guard lock(mutex_);
    auto& entry = folder_locks_[id];
    if (!entry) entry = std::make_shared<std::mutex>();
    folder_lock = entry;
  }
  std::lock_guard only_one(*folder_lock);
  if (IsUrl(location)) return Download(location, sha256);
  FetchedMedia media = DescribeLocalFile(location, context_.workspace.SourceFolder(id));
  if (sha256 && *sha256 != media.sha256) {
    throw Error(ErrorKind::kMedia, fmt::format("{} has sha256 {}, the project expects {}: is it another version of "
                                               "the file?", location, media.sha256, *sha256));
  }
  return media;
}

FetchedMedia MediaStore::Download(const std::string& url, const std::optional<std::string>& sha256) {
  const Limits& limits = context_.project.limits;
  const HostSlot slot(mutex_, changed_, connections_, HostOf(url), limits.per_host_connections, context_.stop);
  FetchOptions options;
  options.max_bytes = static_cast<int64_t>(limits.max_download_gb * 1e9);
  options.max_minutes = limits.max_download_minutes;
  options.expected_sha256 = sha256;
  options.ytdlp_program = context_.project.download.ytdlp;
  options.cookies = context_.project.download.cookies;
  return FetchUrl(url, context_.workspace.SourceFolder(SourceId(url)), options, context_.progress, context_.stop);
}

}  // namespace reelswap
