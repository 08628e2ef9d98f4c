#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace reelswap {

/// Numbers and texts as bytes, little endian, the same on every machine.
class ByteText {
 public:
  void Put32(uint32_t value) { PutBytes(value, 4); }
  void Put64(int64_t value) { PutBytes(static_cast<uint64_t>(value), 8); }
  /// Its length in 32 bits, then the bytes.
  void PutText(std::string_view text) {
    Put32(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  std::string Take() { return std::exchange(bytes_, {}); }

 private:
  void PutBytes(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
  std::string bytes_;
};

/// Reads what ByteText wrote. Bytes that are missing read as 0 and make ok() false for good.
class ByteParser {
 public:
  /// `bytes` must live as long as the parser and the texts it gives.
  explicit ByteParser(std::string_view bytes) : bytes_(bytes) {}
  uint32_t Get32() { return static_cast<uint32_t>(GetBytes(4)); }
  int64_t Get64() { return static_cast<int64_t>(GetBytes(8)); }
  std::string_view GetText() { return Cut(Get32()); }
  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view Cut(size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view cut = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return cut;
  }
  uint64_t GetBytes(size_t count) {
    const std::string_view cut = Cut(count);
    uint64_t value = 0;
    for (size_t i = 0; i < cut.size(); ++i) value |= uint64_t{static_cast<uint8_t>(cut[i])} << (8 * i);
    return value;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace reelswap
