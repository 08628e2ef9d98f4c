#include "fetch/http_answer.h"

#include <cctype>
#include <charconv>
#include <map>

namespace reelswap {

namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// Reads a number at the front of `text` and takes it off; nullopt when there is none.
std::optional<int64_t> TakeNumber(std::string_view& text) {
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool TakeText(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

void HttpAnswer::AddHeaderLine(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    *this = {};
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = Lower(Trimmed(line.substr(0, colon)));
  const std::string value(Trimmed(line.substr(colon + 1)));
  if (name == "etag")
    etag_ = value;
  else if (name == "last-modified")
    last_modified_ = value;
  else if (name == "content-range")
    content_range_ = value;
  else if (name == "content-type")
    content_type_ = Lower(value);
  else if (name == "content-encoding")
    content_encoding_ = Lower(value);
}

RemoteFile HttpAnswer::Remote() const {
  RemoteFile remote;
  // A weak ETag promises a similar file, not the same bytes.
  if (etag_.size() > 2 && etag_.front() == '"') remote.etag = etag_;
  remote.last_modified = last_modified_;
  return remote;
}

std::optional<ContentRange> HttpAnswer::Range() const {
  const std::string lower = Lower(content_range_);
  std::string_view text = lower;
  if (!TakeText(text, "bytes")) return std::nullopt;
  text = Trimmed(text);
  const auto first = TakeNumber(text);
  if (!first || !TakeText(text, "-")) return std::nullopt;
  const auto last = TakeNumber(text);
  if (!last || *last < *first || !TakeText(text, "/")) return std::nullopt;
  if (text == "*") return ContentRange{*first, *last, -1};
  const auto total = TakeNumber(text);
  if (!total || *total <= *last || !text.empty()) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

bool HttpAnswer::IsWebPage() const {
  return content_type_.starts_with("text/html") || content_type_.starts_with("application/xhtml");
}

std::string DescribeStatus(long status) {
  static const std::map<long, std::string> kNames{
      {400, "bad request"},       {401, "login required"},  {403, "forbidden"},
      {404, "not found"},         {408, "request timeout"}, {410, "gone"},
      {429, "too many requests"}, {451, "blocked by law"},  {500, "server error"},
      {502, "bad gateway"},       {503, "unavailable"},     {504, "gateway timeout"}};
  const auto it = kNames.find(status);
  return "HTTP status " + std::to_string(status) + (it != kNames.end() ? " (" + it->second + ")" : "");
}

std::string CureFor(long status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return ": the link has expired or needs a login (download.cookies names a cookie file)";
    case 404:
    case 410:
      return ": the link is dead or mistyped, check it in a browser";
    case 451:
      return ": it may not be had from here";
    default:
      return ": check the link in a browser";
  }
}

std::string WebPageSentence(const std::string& shown_url, const std::string& noun) {
  return shown_url + " answered with a web page instead of a " + noun +
         ": open it in a browser (a login, or a link that expired?) and name the direct link, or the address "
         "of "
         "the page that plays it";
}

}  // namespace reelswap
