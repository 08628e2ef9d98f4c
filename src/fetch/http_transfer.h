#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "fetch/fetch.h"
#include "fetch/part_file.h"

namespace reelswap {

/// How one attempt at a direct download ended. Ends that no further attempt can mend are thrown.
struct TransferEnd {
  enum class Next {
    kComplete,   ///< the part file holds the whole answer
    kTryAgain,   ///< after a wait; the part is kept
    kStartOver,  ///< the part does not fit what the server has
    kUndecoded,  ///< the server calls plain bytes compressed: take them as they are
  };
  Next next = Next::kComplete;
  std::string reason;  ///< "HTTP status 503", "the connection was dropped"; empty when complete
  double retry_after_seconds = 0;
  bool worth_one_more_only = false;  ///< the host name is unknown: seldom a passing trouble
};

struct TransferRequest {
  std::string url;
  std::string noun = "video";  ///< what was expected, for error sentences
  bool resume = true;          ///< false: ask for the whole file whatever the part holds
  bool decode = true;          ///< undo a Content-Encoding that nobody asked for
  std::function<void(int64_t received, int64_t total)> on_progress;
};

/// One HTTP request (and its redirects) into the part file. Throws Error: kNetwork (4xx, web page,
/// size limit, protocol, redirects, certificates), kDisk, kCancelled (the part is kept).
TransferEnd TransferOnce(const TransferRequest& request, PartFile& part, const FetchOptions& options,
                         std::stop_token stop);

}  // namespace reelswap
