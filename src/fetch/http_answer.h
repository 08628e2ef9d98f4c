#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/part_file.h"

namespace reelswap {

/// "Content-Range: bytes first-last/total"; total -1 = "*".
struct ContentRange {
  int64_t first = 0;
  int64_t last = 0;
  int64_t total = -1;
};

/// The headers of the last answer of a chain of redirects that matter for a download.
class HttpAnswer {
 public:
  /// A raw line; a new status line forgets the answer before it.
  void AddHeaderLine(std::string_view line);

  /// ETag (strong only) and Last-Modified; total_bytes stays -1.
  RemoteFile Remote() const;
  /// nullopt when absent or not to be understood.
  std::optional<ContentRange> Range() const;
  /// Compressed for the transport (Content-Encoding other than identity).
  bool encoded() const { return !content_encoding_.empty() && content_encoding_ != "identity"; }
  bool IsWebPage() const;

 private:
  std::string etag_;
  std::string last_modified_;
  std::string content_range_;
  std::string content_type_;
  std::string content_encoding_;
};

/// "HTTP status 404 (not found)".
std::string DescribeStatus(long status);
/// ": what to do about it" for a 3xx or 4xx, may be empty.
std::string CureFor(long status);
/// The sentence for a link that gives HTML where a video (or picture) was expected.
std::string WebPageSentence(const std::string& shown_url, const std::string& noun);

}  // namespace reelswap
