#include "model/safetensors_checksums.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/error.h"
#include "core/files.h"

namespace reelswap {
namespace {

constexpr size_t kDigits = 64;

std::string Entry(const std::string& digits) { return fmt::format("\"{}\":\"{}\"", kHeaderChecksum, digits); }

/// Where the digits of the header's checksum begin; npos when it does not hold exactly these.
size_t PlaceOf(const std::string& header, const std::string& digits) {
  const std::string entry = Entry(digits);
  const size_t at = header.find(entry);
  return at == std::string::npos ? at : at + entry.size() - 1 - kDigits;
}

}  // namespace

uint64_t SafetensorsElementBytes(const std::string& dtype) {
  static const std::map<std::string, uint64_t> kBytes = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
      {"I8", 1},  {"U64", 8}, {"U32", 4}, {"U16", 2},  {"U8", 1},  {"BOOL", 1}};
  const auto found = kBytes.find(dtype);
  return found == kBytes.end() ? 0 : found->second;
}

std::string ChecksumOf(std::span<const std::byte> bytes) {
  return Sha256OfBytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string NoChecksum() { return std::string(kDigits, '0'); }

void SealHeader(std::string& header) {
  const size_t at = PlaceOf(header, NoChecksum());
  if (at == std::string::npos) throw std::invalid_argument("SealHeader: no place for the checksum");
  header.replace(at, kDigits, Sha256OfBytes(header));
}

std::map<std::string, std::string> TakeChecksums(const std::filesystem::path& path, const std::string& header,
                                                 std::map<std::string, std::string>& metadata) {
  const auto refuse = [&]() -> Error {
    return Error(ErrorKind::kModel,
                 fmt::format("{}: damaged: its header is not what was written (the checksum differs)", path.string()));
  };
  const auto own = metadata.find(kHeaderChecksum);
  const auto tensors = metadata.find(kTensorChecksums);
  if (own == metadata.end() && tensors == metadata.end()) return {};
  if (own == metadata.end() || tensors == metadata.end() || own->second.size() != kDigits) throw refuse();
  const size_t at = PlaceOf(header, own->second);
  if (at == std::string::npos) throw refuse();
  std::string unsealed = header;
  unsealed.replace(at, kDigits, NoChecksum());
  if (Sha256OfBytes(unsealed) != own->second) throw refuse();
  std::map<std::string, std::string> checksums;
  try {
    checksums = nlohmann::json::parse(tensors->second).get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception&) {
    throw refuse();
  }
  metadata.erase(own);
  metadata.erase(tensors);
  return checksums;
}

}  // namespace reelswap
