#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace reelswap {

/// Bytes that are not what they should be: too short, of another kind, with another checksum. Readers of files turn it
/// into an Error that names the file.
struct DamagedRecord : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Builds the bytes of a record. Numbers as the machine has them (little endian everywhere this runs).
class RecordWriter {
 public:
  template <typename T>
    requires(std::is_arithmetic_v<T>)
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  /// Length and characters.
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void PutFloats(const float* values, size_t count) {
    bytes_.append(reinterpret_cast<const char*>(values), count * sizeof(float));
  }
  void PutBytes(std::string_view bytes) { bytes_.append(bytes); }
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

/// Takes the same apart, in the same order. Throws DamagedRecord instead of reading beyond the end.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : bytes_(bytes), size_(bytes.size()) {}

  template <typename T>
    requires(std::is_arithmetic_v<T>)
  T Get() {
    T value;
    std::memcpy(&value, Take(sizeof value), sizeof value);
    return value;
  }
  std::string GetText() {
    const auto size = Get<uint32_t>();
    return {Take(size), size};
  }
  void GetFloats(float* values, size_t count) { std::memcpy(values, Take(count * sizeof(float)), count * sizeof(float)); }
  /// A number of things that take at least `bytes_each`: refuses counts that the rest cannot hold.
  size_t GetCount(size_t bytes_each) {
    const auto count = Get<uint32_t>();
    if (count > bytes_.size() / bytes_each) throw DamagedRecord("a count is larger than the file");
    return count;
  }
  bool AtEnd() const { return bytes_.empty(); }
  size_t position() const { return size_ - bytes_.size(); }  ///< bytes taken so far

 private:
  const char* Take(size_t size) {
    if (size > bytes_.size()) throw DamagedRecord("it ends too early");
    const char* start = bytes_.data();
    bytes_.remove_prefix(size);
    return start;
  }
  std::string_view bytes_;  // the rest
  size_t size_;
};

inline constexpr uint64_t kChecksumStart = 0xcbf29ce484222325;
/// FNV-1a over 64-bit words (the rest byte by byte): tells torn and damaged files, no defence against malice.
/// Not the same when the bytes come in other pieces.
inline uint64_t ChecksumOf(std::string_view bytes, uint64_t state = kChecksumStart) {
  constexpr uint64_t kPrime = 0x100000001b3;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    state = (state ^ word) * kPrime;
    state ^= state >> 29;  // the high bits of a word reach the low bits of the sum, too
  }
  for (; i < bytes.size(); ++i) state = (state ^ static_cast<unsigned char>(bytes[i])) * kPrime;
  return state;
}

}  // namespace reelswap
