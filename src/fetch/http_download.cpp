#include "fetch/http_download.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "fetch/http_answer.h"
#include "fetch/http_transfer.h"
#include "fetch/media_kind.h"
#include "fetch/retry.h"
#include "fetch/url.h"

namespace reelswap {

namespace fs = std::filesystem;

namespace {

/// This much more than ever before on disk, and an attempt counts as headway, not as one more failure:
/// a flaky line may drop a long film any number of times.
constexpr int64_t kHeadwayBytes = int64_t{4} << 20;

class DirectDownload {
 public:
  DirectDownload(const std::string& url, const FetchOptions& options, FetchProgress& progress,
                 std::stop_token stop)
      : shown_(RedactedUrl(url)),
        options_(options),
        progress_(progress),
        stop_(std::move(stop)),
        schedule_(options.max_attempts, options.first_backoff_seconds) {
    request_.url = url;
    request_.on_progress = [this](int64_t received, int64_t total) { progress_.Received(received, total); };
  }

  void Into(PartFile& part, const std::string& noun) {
    request_.noun = noun;
    furthest_ = part.ResumableBytes();
    for (;;) {
      ThrowIfStopped(stop_, shown_);
      const TransferEnd end = TransferOnce(request_, part, options_, stop_);
      if (end.next == TransferEnd::Next::kComplete) return;
      if (end.next != TransferEnd::Next::kTryAgain) part.Drop();
      if (end.next == TransferEnd::Next::kStartOver) request_.resume = false;
      if (end.next == TransferEnd::Next::kUndecoded) request_.decode = false;
      NoteHeadway(part);
      WaitAfter(end);
      if (end.next == TransferEnd::Next::kTryAgain) request_.resume = true;
    }
  }

 private:
  void NoteHeadway(const PartFile& part) {
    if (part.ResumableBytes() < furthest_ + kHeadwayBytes) return;
    furthest_ = part.ResumableBytes();
    schedule_.Restart();
  }

  void WaitAfter(const TransferEnd& end) {
    double wait = schedule_.NextWaitSeconds(end.retry_after_seconds);
    if (!schedule_.MayRetry() || (end.worth_one_more_only && schedule_.failures() >= 2)) {
      throw Error(ErrorKind::kNetwork,
                  fmt::format("cannot download {}: {}, tried {} times (run again later: it resumes)", shown_,
                              end.reason, schedule_.failures()));
    }
    if (end.next != TransferEnd::Next::kTryAgain) wait = 0;  // the server is well, only our part was not
    LogInfo(fmt::format("{}: {}; attempt {} of {} in {:.1f} s", shown_, end.reason, schedule_.failures() + 1,
                        schedule_.max_attempts(), wait));
    progress_.Note(fmt::format("{}, again in {:.1f} s", end.reason, wait));
    WaitUnlessStopped(wait, stop_);
  }

  std::string shown_;
  const FetchOptions& options_;
  FetchProgress& progress_;
  std::stop_token stop_;
  RetrySchedule schedule_;
  TransferRequest request_;
  int64_t furthest_ = 0;
};

}  // namespace

void CheckSha256(const std::string& shown_url, const std::string& sha256, const FetchOptions& options) {
  if (!options.expected_sha256 || *options.expected_sha256 == sha256) return;
  throw Error(ErrorKind::kNetwork,
              fmt::format("{} has SHA-256 {}, expected is {}: the file behind the link "
                          "changed, or the sum is mistyped",
                          shown_url, sha256, *options.expected_sha256));
}

SourceRecord DownloadDirectly(const std::string& url, const std::string& extension, const fs::path& folder,
                              const FetchOptions& options, FetchProgress& progress, std::stop_token stop) {
  const std::string shown = RedactedUrl(url);
  const std::string noun = extension == kOtherFileExtension   ? "file"
                           : IsPictureExtension(extension) ? "picture"
                                                           : "video";
  SourceRecord record;
  FetchedMedia& media = record.media;
  media.path = folder / ("media" + extension);
  PartFile part(media.path, url);
  DirectDownload(url, options, progress, stop).Into(part, noun);
  record.validator = part.remote().Validator();
  try {
    if (LooksLikeWebPage(FirstBytesOf(part.path())))
      throw Error(ErrorKind::kNetwork, WebPageSentence(shown, noun));
    media.sha256 = Sha256OfFile(part.path());
    CheckSha256(shown, media.sha256, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNetwork)
      part.Drop();  // these bytes are wrong: resuming them would only repeat the error
    throw;
  }
  part.Commit();
  media.url = url;
  media.bytes = part.size();
  return record;
}

}  // namespace reelswap
