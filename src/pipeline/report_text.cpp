#include "pipeline/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>

namespace reelswap {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::string_view kDash = "\xE2\x80\x93";

struct Character {
  char32_t code = 0;
  size_t bytes = 0;
  bool valid = false;
};

// The character at text[at]; an invalid byte is reported alone, so decoding resumes right after it.
Character DecodeAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  const size_t length = lead >= 0xF0 && lead <= 0xF4  ? 4
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                                                      : 0;
  if (length == 0 || at + length > text.size()) return {0, 1, false};
  char32_t code = lead & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {0, 1, false};
    code = (code << 6) | (byte(at + i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[length] || code > 0x10FFFF || surrogate) return {0, 1, false};
  return {code, length, true};
}

template <typename Visit>
void ForEachCharacter(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const Character c = DecodeAt(text, at);
    visit(c, text.substr(at, c.bytes));
    at += c.bytes;
  }
}

bool IsControl(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// Characters that reorder or break a line though they have no width.
bool BreaksLayout(char32_t code) {
  return code == 0x2028 || code == 0x2029 || code == 0x200E || code == 0x200F || code == 0x061C ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

struct Range {
  char32_t first, last;
};

// Rough on purpose: terminals disagree about the rest.
constexpr Range kZeroWidth[] = {{0x0300, 0x036F}, {0x0591, 0x05BD},   {0x0610, 0x061A},  {0x064B, 0x065F},
                                {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},   {0x0E47, 0x0E4E},  {0x1AB0, 0x1AFF},
                                {0x1DC0, 0x1DFF}, {0x200B, 0x200D},   {0x20D0, 0x20FF},  {0xFE00, 0xFE0F},
                                {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}, {0xE0000, 0xE01EF}};
constexpr Range kDoubleWidth[] = {{0x1100, 0x115F}, {0x231A, 0x231B}, {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                                  {0xA960, 0xA97C}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                                  {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

template <size_t N>
bool IsIn(const Range (&ranges)[N], char32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& r) { return code >= r.first && code <= r.last; });
}

int WidthOf(const Character& c) {
  if (!c.valid) return 1;
  if (IsControl(c.code) || IsIn(kZeroWidth, c.code)) return 0;
  return IsIn(kDoubleWidth, c.code) ? 2 : 1;
}

std::string PercentEncoded(std::string_view bytes, std::string_view kept_besides_unreserved) {
  std::string out;
  for (const unsigned char c : bytes) {
    const bool unreserved = std::isalnum(c) != 0 && c < 0x80;
    if (unreserved || (c < 0x80 && (std::string_view("-._~").find(c) != std::string_view::npos ||
                                    kept_besides_unreserved.find(c) != std::string_view::npos))) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("%{:02X}", c);
    }
  }
  return out;
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
         });
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Where the parenthesis that closes the text opens, or npos.
size_t OpeningOfLastParenthesis(std::string_view text) {
  if (text.empty() || text.back() != ')') return std::string_view::npos;
  int depth = 0;
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] == ')') ++depth;
    if (text[i] == '(' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

}  // namespace

std::string ValidUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  ForEachCharacter(bytes,
                   [&](const Character& c, std::string_view raw) { out += c.valid ? raw : kReplacement; });
  return out;
}

std::string OneLine(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  ForEachCharacter(text, [&](const Character& c, std::string_view raw) {
    if (!c.valid) {
      out += kReplacement;
    } else if (c.code == '\n' || c.code == '\t' || c.code == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (!IsControl(c.code) && !BreaksLayout(c.code)) {
      out += raw;
    }
  });
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

int DisplayWidth(std::string_view utf8) {
  int width = 0;
  ForEachCharacter(utf8, [&](const Character& c, std::string_view) { width += WidthOf(c); });
  return width;
}

std::string FitWidth(std::string_view utf8, int columns) {
  if (DisplayWidth(utf8) <= columns) return std::string(utf8);
  if (columns <= 0) return "";
  std::string out;
  int width = 0;
  bool full = false;
  ForEachCharacter(utf8, [&](const Character& c, std::string_view raw) {
    full = full || width + WidthOf(c) > columns - 1;
    if (full) return;
    out += raw;
    width += WidthOf(c);
  });
  return out.append(kEllipsis);
}

std::string PadWidth(std::string_view utf8, int columns) {
  return std::string(utf8).append(static_cast<size_t>(std::max(0, columns - DisplayWidth(utf8))), ' ');
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  ForEachCharacter(text, [&](const Character& c, std::string_view raw) {
    if (!c.valid || (IsControl(c.code) && c.code != '\n' && c.code != '\t')) {
      out += kReplacement;
      return;
    }
    switch (c.code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += raw;
    }
  });
  return out;
}

std::string RelativeLink(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = path.lexically_normal().lexically_proximate(folder.lexically_normal());
  return PercentEncoded(relative.generic_string(), "/");
}

std::string WebLink(std::string_view location) {
  const std::string_view url = Trimmed(location);
  if (!StartsWithIgnoringCase(url, "http://") && !StartsWithIgnoringCase(url, "https://")) return "";
  return EscapeHtml(PercentEncoded(url, "%:/?#[]@!$&()*+,;="));
}

ErrorParts SplitCure(std::string_view error) {
  const std::string_view text = Trimmed(error);
  if (const size_t end = text.find('\n'); end != std::string_view::npos) {
    return {std::string(Trimmed(text.substr(0, end))), std::string(Trimmed(text.substr(end)))};
  }
  const size_t opening = OpeningOfLastParenthesis(text);
  if (opening == std::string_view::npos || opening == 0) return {std::string(text), ""};
  const std::string_view remark = text.substr(opening + 1, text.size() - opening - 2);
  if (std::count(remark.begin(), remark.end(), ' ') < 2) return {std::string(text), ""};
  return {std::string(Trimmed(text.substr(0, opening))), std::string(Trimmed(remark))};
}

std::string FormatDuration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return std::string(kDash);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto total = static_cast<int64_t>(std::llround(std::min(seconds, 1e15)));
  if (total < 60) return fmt::format("{} s", total);
  if (total < 3600) return fmt::format("{} min {} s", total / 60, total % 60);
  if (total < 86400) return fmt::format("{} h {} min", total / 3600, total / 60 % 60);
  return fmt::format("{} d {} h", total / 86400, total / 3600 % 24);
}

std::string FormatClock(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return std::string(kDash);
  const auto total = static_cast<int64_t>(std::llround(std::min(seconds, 1e15)));
  if (total < 3600) return fmt::format("{}:{:02}", total / 60, total % 60);
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

std::string FormatCount(double count) {
  if (!std::isfinite(count)) return std::string(kDash);
  std::string digits = fmt::format("{:.0f}", std::abs(count));
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return count < 0 && digits != "0" ? "-" + digits : digits;
}

std::string FormatQuantity(double value) {
  if (!std::isfinite(value)) return std::string(kDash);
  const double size = std::abs(value);
  if (size >= 1000 || value == std::floor(value)) return FormatCount(value);
  if (size >= 100) return fmt::format("{:.0f}", value);
  if (size >= 10) return fmt::format("{:.1f}", value);
  if (size >= 1) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

std::string FormatBytes(double bytes) {
  if (!std::isfinite(bytes)) return std::string(kDash);
  if (bytes >= 999.5e6) return fmt::format("{:.2f} GB", bytes / 1e9);
  if (bytes >= 99.95e6) return fmt::format("{:.0f} MB", bytes / 1e6);
  if (bytes >= 999.5e3) return fmt::format("{:.1f} MB", bytes / 1e6);
  if (bytes >= 999.5) return fmt::format("{:.0f} kB", bytes / 1e3);
  return fmt::format("{:.0f} B", bytes);
}

std::string CountOf(double count, std::string_view noun) {
  return fmt::format("{} {}{}", FormatCount(count), noun, count == 1 ? "" : "s");
}

}  // namespace reelswap
