#include "disclose/text.h"

#include <cstdint>

namespace reelswap {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes of the UTF-8 sequence that starts here; 0 when it is none (overlong forms, surrogates and
// values above U+10FFFF are none, see RFC 3629).
size_t SequenceLength(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  size_t length = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool too_high = first == 0xF4 && byte(1) > 0x8F;
  // U+FFFE and U+FFFF are valid UTF-8 but not allowed in XML.
  const bool not_in_xml = first == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE;
  return overlong || surrogate || too_high || not_in_xml ? 0 : length;
}

}  // namespace

std::string PlainText(std::string_view text, size_t max_bytes) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = SequenceLength(text, at);
    std::string_view character = length == 0 ? kReplacement : text.substr(at, length);
    if (length == 1 && (static_cast<uint8_t>(character[0]) < 0x20 || character[0] == 0x7F)) character = " ";
    if (out.size() + character.size() > max_bytes) break;
    out += character;
    at += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace reelswap
