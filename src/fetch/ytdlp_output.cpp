#include "fetch/ytdlp_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fetch/url.h"

namespace reelswap {

using nlohmann::json;

namespace {

// A page's title cannot pass for one of our lines: it only appears inside JSON strings of lines that begin
// so.
constexpr std::string_view kProgressMark = "reelswap-progress ";
constexpr std::string_view kBeforeMark = "reelswap-before ";
constexpr std::string_view kFinishedMark = "reelswap-finished ";

std::string Text(const json& object, const char* key, size_t max_characters) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return {};
  return OneLine(it->get<std::string>(), max_characters);
}

double Number(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number()) return 0;
  const double number = it->get<double>();
  return number > 0 && number < 1e15 ? number : 0;
}

/// The object behind `mark`, or null.
json Parse(const std::string& line, std::string_view mark) {
  if (!line.starts_with(mark)) return nullptr;
  json object = json::parse(line.begin() + static_cast<long>(mark.size()), line.end(), nullptr, false);
  return object.is_object() ? object : json(nullptr);
}

struct KnownFailure {
  std::string_view pattern;
  std::string_view reason;
  std::string_view cure;
  bool transient = false;
  ErrorKind kind = ErrorKind::kNetwork;
};

// In this order: the first pattern that occurs in the last error decides.
constexpr KnownFailure kKnownFailures[] = {
    {"No space left on device", "the disk is full", "free some space and run again", false, ErrorKind::kDisk},
    {"Disk quota exceeded", "the disk quota is used up", "free some space and run again", false,
     ErrorKind::kDisk},
    {"not a bot", "the site asks for proof that no robot is watching",
     "name a cookie file of a logged-in browser in download.cookies, or use a newer yt-dlp (pipx install "
     "yt-dlp)"},
    {"confirm your age", "the video is age-restricted",
     "name a cookie file of a logged-in browser in download.cookies"},
    {"age-restricted", "the video is age-restricted",
     "name a cookie file of a logged-in browser in download.cookies"},
    {"Private video", "the video is private",
     "name a cookie file of an account that may see it in download.cookies"},
    {"in your country", "the video is not available in this country", ""},
    {"geo restriction", "the video is not available in this country", ""},
    {"Video unavailable", "the site says that the video is unavailable", "check the link in a browser"},
    {"HTTP Error 404", "the page does not exist (HTTP status 404)", "check the link in a browser"},
    {"HTTP Error 410", "the page is gone (HTTP status 410)", "check the link in a browser"},
    {"HTTP Error 401", "the page needs a login (HTTP status 401)", "name a cookie file in download.cookies"},
    {"HTTP Error 403", "the site refuses (HTTP status 403)",
     "name a cookie file in download.cookies, or use a newer yt-dlp (pipx install yt-dlp)"},
    {"HTTP Error 429", "the site asks to slow down (HTTP status 429)", "run again later", true},
    {"HTTP Error 5", "the site is in trouble (HTTP status 5xx)", "run again later", true},
    {"Unsupported URL", "yt-dlp finds no video on this page",
     "check the link in a browser, or name a direct link"},
    {"No video formats found", "yt-dlp finds no video on this page",
     "check the link in a browser, or use a newer yt-dlp (pipx install yt-dlp)"},
    {"ffmpeg is not installed", "picture and sound come apart and ffmpeg is needed to join them",
     "apt-get install ffmpeg", false, ErrorKind::kMissingTool},
    {"Name or service not known", "the host name is unknown", "check the link and the network"},
    {"name resolution", "the host name cannot be looked up", "check the network", true},
    {"Network is unreachable", "there is no network", "check the connection"},
    {"Connection refused", "the connection was refused", "run again later", true},
    {"timed out", "the site did not answer in time", "run again later", true},
    {"Connection reset", "the connection was dropped", "run again later", true},
    {"IncompleteRead", "the connection was dropped", "run again later", true},
    {"more expected", "the connection was dropped", "run again later", true},
    {"Remote end closed", "the connection was dropped", "run again later", true},
};

std::string LastErrorLine(const std::string& text) {
  std::string last;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (line.starts_with("ERROR:")) last = line.substr(6);
    begin = end + 1;
  }
  return last;
}

std::string LastLine(const std::string& text) {
  const size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  const size_t newline = text.rfind('\n', end);
  const size_t begin = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(begin, end + 1 - begin);
}

}  // namespace

std::vector<std::string> YtDlpOutput::PrintOptions() {
  const std::string described =
      R"({"id":%(id)j,"title":%(title)j,"duration":%(duration)j,"extractor":%(extractor_key)j,)";
  return {"--quiet",
          "--no-simulate",
          "--progress",
          "--newline",
          "--progress-template",
          "download:" + std::string(kProgressMark) + "%(progress)j",
          "--print",
          "before_dl:" + std::string(kBeforeMark) + described + R"("bytes":%(filesize,filesize_approx)j})",
          "--print",
          "after_move:" + std::string(kFinishedMark) + described + R"("file":%(filepath)j})"};
}

void YtDlpOutput::AddLine(const std::string& line) {
  if (const json progress = Parse(line, kProgressMark); !progress.is_null()) {
    FormatBytes& format = formats_[Text(progress, "filename", 1000)];
    format.received = static_cast<int64_t>(Number(progress, "downloaded_bytes"));
    const double total = Number(progress, "total_bytes");
    format.total = static_cast<int64_t>(total > 0 ? total : Number(progress, "total_bytes_estimate"));
    bytes_per_second_ = Number(progress, "speed");
    return;
  }
  const json before = Parse(line, kBeforeMark);
  const json after = Parse(line, kFinishedMark);
  const json& described = before.is_null() ? after : before;
  if (described.is_null()) return;
  id_ = Text(described, "id", 200);
  title_ = Text(described, "title", 300);
  extractor_ = Text(described, "extractor", 100);
  duration_seconds_ = Number(described, "duration");
  if (!before.is_null()) {
    announced_ = true;
    announced_bytes_ = static_cast<int64_t>(Number(before, "bytes"));
  } else if (after.contains("file") && after["file"].is_string()) {
    finished_ = true;
    file_ = after["file"].get<std::string>();
  }
}

int64_t YtDlpOutput::received_bytes() const {
  int64_t sum = 0;
  for (const auto& [name, format] : formats_) sum += format.received;
  return sum;
}

int64_t YtDlpOutput::total_bytes() const {
  int64_t sum = 0;
  for (const auto& [name, format] : formats_) sum += format.total;
  return std::max(sum, announced_bytes_);
}

YtDlpFailure ExplainYtDlpFailure(const std::string& stderr_text) {
  std::string error = LastErrorLine(stderr_text);
  if (error.empty()) error = LastLine(stderr_text);
  for (const KnownFailure& known : kKnownFailures) {
    if (error.find(known.pattern) == std::string::npos) continue;
    return {known.kind, std::string(known.reason), std::string(known.cure), known.transient};
  }
  YtDlpFailure failure;
  for (const char* advice : {"; please report this issue", "please report this issue"}) {
    if (const size_t at = error.find(advice); at != std::string::npos) {
      error.resize(at);
      failure.cure =
          "this yt-dlp may be too old for the site: pipx install yt-dlp and name it in download.ytdlp";
    }
  }
  failure.reason = OneLine(error, 300);
  if (failure.reason.empty()) failure.reason = "yt-dlp failed without a word";
  return failure;
}

}  // namespace reelswap
