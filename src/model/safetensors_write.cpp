#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/error.h"
#include "model/safetensors.h"
#include "model/safetensors_checksums.h"

namespace reelswap {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor bytes are written as they lie in memory");

uint64_t BytesOf(const SafetensorsTensor& tensor) {
  uint64_t bytes = SafetensorsElementBytes(tensor.dtype);
  if (bytes == 0) throw std::invalid_argument("WriteSafetensors: tensor " + tensor.name + " is of no known type");
  for (const int64_t n : tensor.shape) bytes *= static_cast<uint64_t>(n);
  return bytes;
}

/// The header text, as long for one set of checksums as for any other.
std::string HeaderOf(std::map<std::string, std::string> metadata, const std::vector<SafetensorsTensor>& tensors,
                     const std::map<std::string, std::string>& checksums) {
  nlohmann::ordered_json header;
  metadata[kHeaderChecksum] = NoChecksum();
  metadata[kTensorChecksums] = nlohmann::json(checksums).dump();
  header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    const uint64_t bytes = BytesOf(tensor);
    if (header.contains(tensor.name))
      throw std::invalid_argument("WriteSafetensors: tensor " + tensor.name + " comes twice");
    header[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors start on an 8-byte boundary
  SealHeader(text);
  return text;
}

void WriteHeader(std::ofstream& file, const std::string& text) {
  const uint64_t bytes = text.size();
  file.write(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
}

[[noreturn]] void ThrowNotWritten(const std::filesystem::path& path, uint64_t bytes, int reason) {
  const uint64_t megabytes = bytes / 1'000'000;
  if (reason == ENOSPC || reason == EDQUOT) {
    throw Error(ErrorKind::kDisk,
                fmt::format("the disk is full while writing {} ({} MB): free some space and run again",
                            path.string(), megabytes));
  }
  throw Error(ErrorKind::kDisk,
              fmt::format("cannot write {} ({} MB): {} (see that there is room for it and that the folder may be "
                          "written to, then run again)",
                          path.string(), megabytes, reason != 0 ? std::strerror(reason) : "writing failed"));
}

}  // namespace

void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                      const std::vector<SafetensorsTensor>& tensors) {
  WriteSafetensors(path, metadata, tensors, [&](size_t i) { return tensors[i].data; });
}

void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                      const std::vector<SafetensorsTensor>& tensors, const TensorBytes& bytes_of) {
  std::map<std::string, std::string> checksums;
  for (const SafetensorsTensor& tensor : tensors) checksums[tensor.name] = NoChecksum();
  const std::string provisional = HeaderOf(metadata, tensors, checksums);

  std::error_code ec;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ec);
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  WriteHeader(file, provisional);
  uint64_t written = provisional.size();
  int reason = errno;
  for (size_t i = 0; i < tensors.size() && file; ++i) {
    const std::span<const std::byte> data = bytes_of(i);
    if (data.size() != BytesOf(tensors[i])) {
      throw std::invalid_argument("WriteSafetensors: tensor " + tensors[i].name + " has another size than its shape");
    }
    checksums[tensors[i].name] = ChecksumOf(data);
    errno = 0;
    file.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
    reason = errno;
    written += data.size();
  }
  if (file) {
    errno = 0;
    file.seekp(0);  // the checksums are known only now
    WriteHeader(file, HeaderOf(metadata, tensors, checksums));
    file.close();
    reason = errno;
  }
  if (!file) {
    std::filesystem::remove(path, ec);
    ThrowNotWritten(path, written, reason);
  }
}

}  // namespace reelswap
