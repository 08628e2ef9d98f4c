#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace reelswap {

/// One tensor of a safetensors file (https://github.com/huggingface/safetensors: 8 bytes little-endian
/// header length, a JSON header, then the bytes of all tensors without gaps).
struct SafetensorsEntry {
  std::string name;
  std::string dtype;           ///< "F32", "BF16", "I64", ...
  std::vector<int64_t> shape;  ///< row-major
  uint64_t offset = 0;         ///< bytes from the start of the file
  uint64_t bytes = 0;
};

/// A tensor to be written; `data` must stay alive until WriteSafetensors returns.
struct SafetensorsTensor {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  ///< contiguous, row-major, little endian
};

/// A checked, open safetensors file. Everything the header promises is verified against the file's
/// size before a byte of a tensor is read, so a stranger's file can neither run code nor make us
/// allocate more than its own size. Files that WriteSafetensors wrote carry the SHA-256 of every tensor and
/// of the header itself; those are verified as they are read. Not thread-safe.
class SafetensorsFile {
 public:
  /// Throws Error(kModel) with one sentence: missing, over 4 GiB, header over 100 MB or no JSON,
  /// unknown dtype, bad shape, offsets that overlap, leave gaps or pass the end, a name twice, a header that
  /// does not have its checksum.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// Without the checksums.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// False for a file of another program, or of ours before checksums were written.
  bool has_checksums() const { return !checksums_.empty(); }
  /// In the order of their bytes.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  /// nullptr when there is no such tensor.
  const SafetensorsEntry* Find(const std::string& name) const;
  /// Reads one tensor; `out` must have entry.bytes bytes (std::invalid_argument). Throws Error(kModel), also
  /// when the bytes do not have their checksum.
  void Read(const SafetensorsEntry& entry, std::span<std::byte> out);
  /// Reads every tensor once and throws Error(kModel) if one cannot be read or is not what was written.
  void Verify();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::ifstream file_;
  std::map<std::string, std::string> metadata_;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::string> checksums_;  ///< by tensor
};

/// Writes tensors and metadata, with checksums, under exactly this path (use TemporaryPathFor and CommitFile
/// around it). Throws Error(kDisk) and removes what it wrote when the disk is full or refuses.
void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                      const std::vector<SafetensorsTensor>& tensors);

/// The bytes of the tensor with this number in the list; they must stay until the next call.
using TensorBytes = std::function<std::span<const std::byte>(size_t)>;
/// The same where the bytes are made when their turn comes, so that they need not all be in memory at once.
/// `data` of the tensors is not looked at.
void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                      const std::vector<SafetensorsTensor>& tensors, const TensorBytes& bytes_of);

}  // namespace reelswap
