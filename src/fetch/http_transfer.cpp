#include "fetch/http_transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>

#include "core/error.h"
#include "fetch/http_answer.h"
#include "fetch/media_kind.h"
#include "fetch/retry.h"
#include "fetch/url.h"

namespace reelswap {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
using EasyHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using MultiHandle = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void InitCurlOnce() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) {
    throw Error(ErrorKind::kNetwork, std::string("cannot start libcurl: ") + curl_easy_strerror(result));
  }
}

template <typename Value>
void Set(CURL* curl, CURLoption option, Value value) {
  const CURLcode result = curl_easy_setopt(curl, option, value);
  if (result != CURLE_OK) {
    throw Error(ErrorKind::kNetwork, fmt::format("libcurl refuses option {}: {}", static_cast<int>(option),
                                                 curl_easy_strerror(result)));
  }
}

/// Loopback never goes through a proxy; the user's own exceptions stay.
std::string NoProxyList() {
  std::string list = "127.0.0.1,localhost,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const char* own = std::getenv(name);
    if (own != nullptr && *own != '\0') return std::string(own) == "*" ? "*" : list + "," + own;
  }
  return list;
}

/// CURLOPT_NOSIGNAL leaves SIGPIPE to us, and OpenSSL writes to closed sockets: it is held back on
/// this thread, and what came of it is swallowed, so that the rest of the program keeps its own ways.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec at_once{};
    if (::sigismember(&before_, SIGPIPE) == 0) {
      while (::sigtimedwait(&sigpipe_, nullptr, &at_once) == SIGPIPE) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t sigpipe_;
  sigset_t before_;
};

class Transfer {
 public:
  Transfer(const TransferRequest& request, PartFile& part, const FetchOptions& options, std::stop_token stop)
      : request_(request),
        part_(part),
        options_(options),
        stop_(std::move(stop)),
        shown_(RedactedUrl(request.url)) {}

  TransferEnd operator()() {
    InitCurlOnce();
    offset_ = request_.resume ? part_.ResumableBytes() : 0;
    Prepare();
    const CURLcode result = Perform();
    if (failure_) {
      part_.Close();
      std::rethrow_exception(failure_);
    }
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status_);
    part_.Close();
    ThrowIfStopped(stop_, shown_);
    if (early_end_) return *early_end_;
    if (status_ >= 300 && (result == CURLE_OK || refused_)) return RefusedBy(status_);
    if (result != CURLE_OK) return BrokenBy(result);
    return Completed();
  }

 private:
  void Prepare() {
    CURL* const curl = curl_.get();
    if (curl == nullptr || multi_.get() == nullptr)
      throw Error(ErrorKind::kNetwork, "libcurl is out of memory");
    Set(curl, CURLOPT_URL, EncodedUrl(request_.url).c_str());
    Set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    Set(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    Set(curl, CURLOPT_FOLLOWLOCATION, 1L);
    Set(curl, CURLOPT_MAXREDIRS, static_cast<long>(std::max(0, options_.max_redirects)));
    Set(curl, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::ceil(options_.connect_timeout_seconds * 1000)));
    // A trickle below 64 bytes a second is as good as nothing; total silence is timed by ourselves.
    Set(curl, CURLOPT_LOW_SPEED_LIMIT, 64L);
    Set(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(std::ceil(std::max(1.0, options_.stall_seconds))));
    Set(curl, CURLOPT_NOSIGNAL, 1L);
    Set(curl, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for the resolver's thread
    Set(curl, CURLOPT_BUFFERSIZE, 262144L);
    Set(curl, CURLOPT_NOPROXY, NoProxyList().c_str());
    Set(curl, CURLOPT_USERAGENT, "reelswap/" REELSWAP_VERSION);
    Set(curl, CURLOPT_ERRORBUFFER, curl_text_);
    Set(curl, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
    Set(curl, CURLOPT_HEADERDATA, this);
    Set(curl, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
    Set(curl, CURLOPT_WRITEDATA, this);
    // Compressed bytes are never asked for, but undone where a server sends them all the same.
    if (request_.decode) Set(curl, CURLOPT_ACCEPT_ENCODING, "");
    if (options_.cookies) Set(curl, CURLOPT_COOKIEFILE, options_.cookies->c_str());
    AddHeader("Accept-Encoding: identity");
    AddHeader("Accept: */*");
    if (offset_ > 0) {
      // By hand: CURLOPT_RESUME_FROM fails on servers that answer 200, and knows no If-Range.
      AddHeader(fmt::format("Range: bytes={}-", offset_));
      AddHeader("If-Range: " + part_.remote().Validator());
    }
    Set(curl, CURLOPT_HTTPHEADER, headers_.get());
  }

  void AddHeader(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw Error(ErrorKind::kNetwork, "libcurl is out of memory");
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }

  /// The multi interface, because a stop request can wake its poll; curl_easy_perform sleeps for up to a
  /// second.
  CURLcode Perform() {
    CURLM* const multi = multi_.get();
    curl_multi_add_handle(multi, curl_.get());
    const std::stop_callback waker(stop_, [multi] { curl_multi_wakeup(multi); });
    last_news_ = Clock::now();
    CURLcode result = CURLE_OK;
    for (int running = 1; running > 0;) {
      const CURLMcode state = curl_multi_perform(multi, &running);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg == CURLMSG_DONE) result = message->data.result;
      }
      if (state != CURLM_OK || stop_.stop_requested()) break;
      if (running > 0 && Stalled()) {
        early_end_ = TransferEnd{TransferEnd::Next::kTryAgain,
                                 fmt::format("no data for {:g} s", options_.stall_seconds)};
        break;
      }
      const int nap_ms = static_cast<int>(std::clamp(options_.stall_seconds * 250, 10.0, 500.0));
      if (running > 0) curl_multi_poll(multi, nullptr, 0, nap_ms, nullptr);
    }
    curl_multi_remove_handle(multi, curl_.get());
    return result;
  }

  bool Stalled() {
    curl_off_t connected_us = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    if (connected_us == 0) last_news_ = Clock::now();  // still connecting: that has its own limit
    return std::chrono::duration<double>(Clock::now() - last_news_).count() > options_.stall_seconds;
  }

  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.last_news_ = Clock::now();
    transfer.answer_.AddHeaderLine(std::string_view(data, size));
    return size;
  }

  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.last_news_ = Clock::now();
    try {  // exceptions may not cross libcurl
      return transfer.Take(std::string_view(data, size)) ? size : CURL_WRITEFUNC_ERROR;
    } catch (...) {
      transfer.failure_ = std::current_exception();
      return CURL_WRITEFUNC_ERROR;
    }
  }

  bool Take(std::string_view bytes) {
    if (!part_.is_open() && !Begin()) return false;
    if (part_.size() + static_cast<int64_t>(bytes.size()) > options_.max_bytes) ThrowTooLarge(-1);
    part_.Append(bytes);
    if (request_.on_progress) request_.on_progress(part_.size(), std::max<int64_t>(0, total_));
    return true;
  }

  /// The first byte of the final answer: decides where the bytes go, or that they are not wanted.
  bool Begin() {
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status_);
    if (status_ >= 300) {
      refused_ = true;
      return false;
    }
    if (answer_.IsWebPage()) ThrowWebPage();
    RemoteFile remote = answer_.Remote();
    int64_t keep = 0;
    if (status_ == 206) {
      const auto range = answer_.Range();
      if (offset_ == 0 || !range || range->first != offset_ || answer_.encoded() ||
          !SameVersion(remote, *range)) {
        early_end_ = TransferEnd{TransferEnd::Next::kStartOver,
                                 "the server answered with another range than asked for"};
        return false;
      }
      keep = offset_;
      total_ = range->total >= 0 ? range->total : range->last + 1;
    } else if (!answer_.encoded()) {
      curl_off_t length = -1;
      curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      total_ = length;
    } else {
      remote = {};  // ranges of a compressed answer are no ranges of the file
    }
    remote.total_bytes = total_;
    if (total_ > options_.max_bytes) ThrowTooLarge(total_);
    CheckSpace(total_ - keep);
    part_.Open(keep, remote);
    began_ = true;
    return true;
  }

  /// A server may ignore If-Range: then the answer itself has to be of the version we hold.
  bool SameVersion(const RemoteFile& now, const ContentRange& range) const {
    const RemoteFile& before = part_.remote();
    if (!before.etag.empty() && !now.etag.empty() && before.etag != now.etag) return false;
    if (before.etag.empty() && !now.last_modified.empty() && before.last_modified != now.last_modified)
      return false;
    return before.total_bytes < 0 || range.total < 0 || before.total_bytes == range.total;
  }

  void CheckSpace(int64_t needed) const {
    std::error_code failed;
    const fs::space_info space = fs::space(part_.path().parent_path(), failed);
    if (failed || needed <= 0 || space.available >= static_cast<uintmax_t>(needed)) return;
    throw Error(ErrorKind::kDisk,
                fmt::format("{} needs {:.1f} MB more but {} has {:.1f} MB left: free some space and "
                            "run again",
                            shown_, needed / 1e6, part_.path().parent_path().string(),
                            static_cast<double>(space.available) / 1e6));
  }

  TransferEnd Completed() {
    if (!began_ && offset_ > 0)
      return {TransferEnd::Next::kStartOver, "the server had nothing to add to the part"};
    if (!began_) {
      throw Error(ErrorKind::kNetwork,
                  fmt::format("{} is empty (HTTP status {}, no bytes): check the link", shown_, status_));
    }
    if (total_ >= 0 && part_.size() != total_) {
      return {TransferEnd::Next::kTryAgain, fmt::format("only {} of {} bytes came", part_.size(), total_)};
    }
    return {};
  }

  TransferEnd RefusedBy(long status) {
    if (status == 416) return {TransferEnd::Next::kStartOver, "HTTP status 416 (range not satisfiable)"};
    if (status >= 500 || status == 429 || status == 408) {
      curl_off_t seconds = 0;
      curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &seconds);
      return {TransferEnd::Next::kTryAgain, DescribeStatus(status), static_cast<double>(seconds)};
    }
    throw Error(ErrorKind::kNetwork,
                fmt::format("cannot download {}: {}{}", shown_, DescribeStatus(status), CureFor(status)));
  }

  TransferEnd BrokenBy(CURLcode code) {
    const std::string text = OneLine(
        WithoutSecrets(curl_text_[0] != '\0' ? curl_text_ : curl_easy_strerror(code), request_.url), 200);
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_RESOLVE_PROXY:
        return {TransferEnd::Next::kTryAgain, text + " (no network, or a typo in the host name?)", 0, true};
      case CURLE_BAD_CONTENT_ENCODING:
        if (request_.decode) return {TransferEnd::Next::kUndecoded, text};
        break;
      case CURLE_TOO_MANY_REDIRECTS:
        Fail(fmt::format("more than {} redirects", options_.max_redirects), "check the link in a browser");
      case CURLE_UNSUPPORTED_PROTOCOL:
        Fail("it leads to another protocol than http or https (" + text + ")", "which is refused");
      case CURLE_URL_MALFORMAT:
        Fail("the URL is malformed (" + text + ")", "check the link");
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        Fail(text,
             "the server's certificate is not trusted: check the link, the clock and the ca-certificates "
             "package");
      case CURLE_OUT_OF_MEMORY:
      case CURLE_FAILED_INIT:
        Fail(text, "close other programs");
      default:
        break;
    }
    return {TransferEnd::Next::kTryAgain, text};
  }

  [[noreturn]] void Fail(const std::string& reason, const std::string& cure) const {
    throw Error(ErrorKind::kNetwork, fmt::format("cannot download {}: {} ({})", shown_, reason, cure));
  }

  [[noreturn]] void ThrowTooLarge(int64_t declared) {
    part_.Drop();
    const std::string size =
        declared >= 0 ? fmt::format("has {:.1f} MB", declared / 1e6) : std::string("goes on");
    throw Error(ErrorKind::kNetwork, fmt::format("{} {}, past the limit of {:.1f} MB for one file (raise "
                                                 "limits.max_download_gb to take it)",
                                                 shown_, size, options_.max_bytes / 1e6));
  }

  [[noreturn]] void ThrowWebPage() {
    throw Error(ErrorKind::kNetwork, WebPageSentence(shown_, request_.noun));
  }

  const TransferRequest& request_;
  PartFile& part_;
  const FetchOptions& options_;
  std::stop_token stop_;
  std::string shown_;
  char curl_text_[CURL_ERROR_SIZE] = "";
  NoSigpipe no_sigpipe_;  // outlives the handles: closing a TLS connection writes, too
  HeaderList headers_{nullptr, &curl_slist_free_all};
  EasyHandle curl_{curl_easy_init(), &curl_easy_cleanup};
  MultiHandle multi_{curl_multi_init(), &curl_multi_cleanup};
  HttpAnswer answer_;
  int64_t offset_ = 0;
  int64_t total_ = -1;
  long status_ = 0;
  bool refused_ = false;  ///< an error answer, whose body nobody wants
  bool began_ = false;    ///< bytes of this answer went to the part
  std::optional<TransferEnd> early_end_;
  std::exception_ptr failure_;
  Clock::time_point last_news_;
};

}  // namespace

TransferEnd TransferOnce(const TransferRequest& request, PartFile& part, const FetchOptions& options,
                         std::stop_token stop) {
  return Transfer(request, part, options, std::move(stop))();
}

}  // namespace reelswap
