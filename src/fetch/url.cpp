#include "fetch/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "fetch/fetch.h"

namespace reelswap {

namespace {

struct UrlParts {
  std::string scheme;     // "https://"
  std::string user_info;  // "user:password", empty where there is none
  std::string host;       // with port
  std::string path;       // "/a/b.mp4"
  std::string query;      // without '?'
  std::string fragment;   // without '#'
};

UrlParts Split(const std::string& url) {
  UrlParts parts;
  const size_t slashes = url.find("://");
  const size_t authority = slashes == std::string::npos ? 0 : slashes + 3;
  parts.scheme = url.substr(0, authority);
  const size_t fragment = std::min(url.find('#', authority), url.size());
  if (fragment < url.size()) parts.fragment = url.substr(fragment + 1);
  const size_t query = std::min(url.find('?', authority), fragment);
  if (query < fragment) parts.query = url.substr(query + 1, fragment - query - 1);
  const size_t path = std::min(url.find('/', authority), query);
  parts.path = url.substr(path, query - path);
  const std::string place = url.substr(authority, path - authority);
  const size_t at = place.rfind('@');
  if (at != std::string::npos) parts.user_info = place.substr(0, at);
  parts.host = at == std::string::npos ? place : place.substr(at + 1);
  return parts;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool NamesASecret(const std::string& parameter) {
  static constexpr std::array<std::string_view, 9> kWords{"token", "sig",    "key",        "auth",   "pass",
                                                          "pwd",   "secret", "credential", "session"};
  const std::string name = Lower(parameter);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

std::string RedactedQuery(const std::string& query) {
  std::string shown;
  size_t begin = 0;
  while (begin < query.size()) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const std::string pair = query.substr(begin, end - begin);
    const size_t equals = pair.find('=');
    if (!shown.empty()) shown += '&';
    shown += equals != std::string::npos && NamesASecret(pair.substr(0, equals))
                 ? pair.substr(0, equals + 1) + "***"
                 : pair;
    begin = end + 1;
  }
  return shown;
}

/// Length in bytes of the UTF-8 character at `i`, 0 where the bytes are not UTF-8.
size_t CharacterLength(const std::string& text, size_t i) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xC2 && first < 0xE0 ? 2
                        : (first & 0xF0) == 0xE0        ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  }
  if (length == 3 && ((first == 0xE0 && byte(i + 1) < 0xA0) || (first == 0xED && byte(i + 1) >= 0xA0)))
    return 0;
  if (length == 4 && ((first == 0xF0 && byte(i + 1) < 0x90) || (first == 0xF4 && byte(i + 1) >= 0x90)))
    return 0;
  return length;
}

/// C0, DEL, C1, and the marks that reverse or hide text on a terminal.
bool IsControl(const std::string& text, size_t i, size_t length) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
  if (length == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (length == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (length == 3 && byte(0) == 0xE2) {
    return (byte(1) == 0x80 &&
            ((byte(2) >= 0xA8 && byte(2) <= 0xAE) || byte(2) == 0x8E || byte(2) == 0x8F)) ||
           (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
  }
  return false;
}

void ReplaceAll(std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) return;
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string OneLine(const std::string& text, size_t max_characters) {
  std::string line;
  size_t characters = 0;
  bool blank = false;
  for (size_t i = 0; i < text.size();) {
    const size_t length = CharacterLength(text, i);
    const bool is_blank = length > 0 && (text[i] == ' ' || IsControl(text, i, length));
    if (is_blank) {
      blank = true;
    } else {
      if (blank && !line.empty()) line += ' ', ++characters;
      blank = false;
      if (characters >= max_characters) return line + "…";
      line += length > 0 ? text.substr(i, length) : "�";
      ++characters;
    }
    i += std::max<size_t>(length, 1);
  }
  return line;
}

std::string RedactedUrl(const std::string& url) {
  const UrlParts parts = Split(url);
  std::string shown = parts.scheme + (parts.user_info.empty() ? "" : "***@") + parts.host + parts.path;
  if (!parts.query.empty()) shown += "?" + RedactedQuery(parts.query);
  if (!parts.fragment.empty()) shown += "#" + RedactedQuery(parts.fragment);
  return OneLine(shown, 300);
}

std::string WithoutSecrets(std::string text, const std::string& url) {
  const UrlParts parts = Split(url);
  ReplaceAll(text, url, RedactedUrl(url));
  ReplaceAll(text, parts.user_info, "***");
  size_t begin = 0;
  while (begin < parts.query.size()) {
    const size_t end = std::min(parts.query.find('&', begin), parts.query.size());
    const size_t equals = parts.query.find('=', begin);
    if (equals < end && NamesASecret(parts.query.substr(begin, equals - begin))) {
      // Very short values would tear up ordinary words.
      if (end - equals - 1 >= 4) ReplaceAll(text, parts.query.substr(equals + 1, end - equals - 1), "***");
    }
    begin = end + 1;
  }
  return text;
}

std::string ShortNameOfUrl(const std::string& url) {
  const UrlParts parts = Split(url);
  std::string path = parts.path;
  while (!path.empty() && path.back() == '/') path.pop_back();
  std::string name = parts.host;
  if (!path.empty()) name += "/" + path.substr(path.rfind('/') + 1);
  if (!parts.query.empty()) name += "?" + RedactedQuery(parts.query);
  return OneLine(name, 60);
}

std::string EncodedUrl(const std::string& url) {
  std::string wire;
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte > 0x20 && byte < 0x7F && std::string_view("\"<>\\^`{|}'").find(c) == std::string_view::npos;
    wire += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return wire;
}

std::string UrlPath(const std::string& url) { return Split(url).path; }

bool IsUrl(const std::string& text) {
  const std::string head = Lower(text.substr(0, 8));
  return head.starts_with("http://") || head.starts_with("https://");
}

}  // namespace reelswap
