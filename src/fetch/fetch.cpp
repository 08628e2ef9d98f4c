#include "fetch/fetch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "fetch/fetch_progress.h"
#include "fetch/http_download.h"
#include "fetch/media_kind.h"
#include "fetch/page_download.h"
#include "fetch/process.h"
#include "fetch/retry.h"
#include "fetch/source_record.h"
#include "fetch/url.h"

namespace reelswap {

namespace fs = std::filesystem;

namespace {

/// Two runs on one folder would write into one part file: the second is turned away. The lock goes
/// with the process, so a killed run leaves none.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    // File systems without locks (some network mounts) fail otherwise; there the user has to take care.
    if (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(fd_);
      throw Error(ErrorKind::kDisk,
                  "another run is downloading into " + folder.string() + ": wait for it to end");
    }
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

void CheckCookies(const FetchOptions& options) {
  if (options.cookies && ::access(options.cookies->c_str(), R_OK) != 0) {
    // The path itself may tell too much to stand in a log.
    throw Error(ErrorKind::kProject, std::string("the cookie file of download.cookies cannot be read: ") +
                                         std::generic_category().message(errno));
  }
}

SourceRecord Download(const std::string& url, const fs::path& folder, const FetchOptions& options,
                      FetchProgress& progress, const std::stop_token& stop) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw Error(ErrorKind::kDisk, "cannot make " + folder.string() + ": " + failed.message());
  ThrowIfStopped(stop, RedactedUrl(url));
  CheckCookies(options);
  const FolderLock lock(folder);
  std::string extension = MediaExtensionOf(UrlPath(url));
  if (extension.empty() && options.any_file) extension = kOtherFileExtension;
  SourceRecord record = extension.empty() ? DownloadFromPage(url, folder, options, progress, stop)
                                          : DownloadDirectly(url, extension, folder, options, progress, stop);
  WriteSourceRecord(folder, record);
  return record;
}

}  // namespace

std::string SourceId(const std::string& url_or_path) { return Sha256OfBytes(url_or_path).substr(0, 16); }

FetchedMedia FetchUrl(const std::string& url, const fs::path& folder, const FetchOptions& options,
                      ProgressSink& sink, std::stop_token stop) {
  if (!IsUrl(url)) {
    throw Error(ErrorKind::kNetwork,
                "cannot download " + RedactedUrl(url) + ": only http:// and https:// are spoken");
  }
  FetchProgress progress(sink, ShortNameOfUrl(url));
  if (auto finished = ReadSourceRecord(folder, url)) {
    if (!options.expected_sha256 || *options.expected_sha256 == finished->media.sha256) {
      progress.Finish(ProgressEvent::State::kSkipped, finished->media.bytes, "already there");
      return finished->media;
    }
    LogWarning(RedactedUrl(url) +
               ": the file on disk has another SHA-256 than expected, it is fetched again");
  }
  try {
    SourceRecord record = Download(url, folder, options, progress, stop);
    progress.Finish(ProgressEvent::State::kDone, record.media.bytes, record.media.title);
    return std::move(record.media);
  } catch (const Error& error) {
    progress.Finish(ProgressEvent::State::kFailed, 0, error.what());
    throw;
  }
}

std::optional<std::string> YtDlpVersion(const std::string& program) {
  ProcessOptions run;
  run.argv = {program, "--version"};
  run.environment = {{"PATH", SearchPath()}, {"LC_ALL", "C.UTF-8"}, {"HOME", "/nonexistent"}};
  run.timeout_seconds = 20;  // a cold Python start on a busy machine takes a few seconds
  const ProcessResult result = RunProcess(run, {});
  if (!result.started || result.exit_code != 0) return std::nullopt;
  const std::string version = OneLine(result.stdout_text, 40);
  return version.empty() ? std::nullopt : std::optional(version);
}

}  // namespace reelswap
