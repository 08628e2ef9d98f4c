#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"

namespace reelswap {

/// What yt-dlp was told to print, and what it printed. Fed line by line; not thread-safe.
class YtDlpOutput {
 public:
  /// The options that make yt-dlp print what this class reads.
  static std::vector<std::string> PrintOptions();

  /// Takes a line of stdout; lines that are not ours are ignored.
  void AddLine(const std::string& line);

  bool announced() const { return announced_; }  ///< a download was about to start
  bool finished() const { return finished_; }    ///< the file has its name (after_move)

  const std::string& file() const { return file_; }              ///< as yt-dlp names it: not to be trusted
  const std::string& id() const { return id_; }                  ///< one line, at most 200 characters
  const std::string& title() const { return title_; }            ///< one line, at most 300 characters
  const std::string& extractor() const { return extractor_; }    ///< "generic", "youtube", ...
  double duration_seconds() const { return duration_seconds_; }  ///< 0 = unknown

  int64_t received_bytes() const;  ///< of all formats together
  int64_t total_bytes() const;     ///< of the formats seen so far, 0 = unknown
  double bytes_per_second() const { return bytes_per_second_; }

 private:
  struct FormatBytes {
    int64_t received = 0;
    int64_t total = 0;
  };
  std::map<std::string, FormatBytes> formats_;
  bool announced_ = false;
  bool finished_ = false;
  std::string file_;
  std::string id_;
  std::string title_;
  std::string extractor_;
  double duration_seconds_ = 0;
  int64_t announced_bytes_ = 0;
  double bytes_per_second_ = 0;
};

/// What yt-dlp's stderr comes down to.
struct YtDlpFailure {
  ErrorKind kind = ErrorKind::kNetwork;
  std::string reason;      ///< "the page does not exist (HTTP status 404)", or yt-dlp's last error
  std::string cure;        ///< may be empty
  bool transient = false;  ///< worth another attempt
};

/// Recognises the usual failures; else gives the last "ERROR:" line, on one line and without
/// yt-dlp's own advice.
YtDlpFailure ExplainYtDlpFailure(const std::string& stderr_text);

}  // namespace reelswap
