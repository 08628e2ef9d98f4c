#include "model/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "model/safetensors_checksums.h"

namespace reelswap {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxFileBytes = uint64_t{4} << 30;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kMaxDimensions = 8;

[[noreturn]] void Refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(ErrorKind::kModel, fmt::format("{}: {}", path.string(), why));
}

/// Parses the header; names that occur twice are an error (a JSON library would keep the last one
/// silently, and two programs could then read two different models from one file).
Json ParseHeader(const std::filesystem::path& path, const std::string& text) {
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.empty()) {
      const std::string name = value.get<std::string>();
      if (!keys.back().insert(name).second && duplicate.empty()) duplicate = name;
    }
    too_deep = too_deep || depth > 4;
    return !too_deep;
  };
  Json header;
  try {
    header = Json::parse(text, watch);
  } catch (const Json::exception&) {
    Refuse(path, "not a safetensors file (its header is no JSON)");
  }
  if (too_deep) Refuse(path, "not a safetensors file (its header is nested too deeply)");
  if (!duplicate.empty())
    Refuse(path, fmt::format("damaged: the name \"{:.80}\" occurs twice in its header", duplicate));
  if (!header.is_object()) Refuse(path, "not a safetensors file (its header is no JSON object)");
  return header;
}

std::map<std::string, std::string> ParseMetadata(const std::filesystem::path& path, const Json& value) {
  std::map<std::string, std::string> metadata;
  if (!value.is_object()) Refuse(path, "damaged: __metadata__ is no object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) Refuse(path, fmt::format("damaged: metadata \"{:.80}\" is no text", key));
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

uint64_t UnsignedOf(const std::filesystem::path& path, const std::string& name, const Json& value,
                    const char* what) {
  if (!value.is_number_unsigned())
    Refuse(path, fmt::format("damaged: tensor \"{:.80}\" has a bad {}", name, what));
  return value.get<uint64_t>();
}

SafetensorsEntry ParseEntry(const std::filesystem::path& path, const std::string& name, const Json& value,
                            uint64_t data_start, uint64_t data_bytes) {
  SafetensorsEntry entry;
  entry.name = name;
  if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string() ||
      !value.contains("shape") || !value["shape"].is_array() || !value.contains("data_offsets") ||
      !value["data_offsets"].is_array() || value["data_offsets"].size() != 2 ||
      value["shape"].size() > kMaxDimensions) {
    Refuse(path, fmt::format("damaged: tensor \"{:.80}\" lacks a proper dtype, shape or data_offsets", name));
  }
  entry.dtype = value["dtype"].get<std::string>();
  uint64_t bytes = SafetensorsElementBytes(entry.dtype);
  if (bytes == 0)
    Refuse(path, fmt::format("tensor \"{:.80}\" has the unknown type \"{:.20}\"", name, entry.dtype));
  for (const Json& side : value["shape"]) {
    const uint64_t n = UnsignedOf(path, name, side, "shape");
    if (n > kMaxFileBytes || (n != 0 && bytes > kMaxFileBytes / n)) {
      Refuse(path,
             fmt::format("damaged: the shape of tensor \"{:.80}\" is larger than any file we accept", name));
    }
    bytes *= n;
    entry.shape.push_back(static_cast<int64_t>(n));
  }
  const uint64_t begin = UnsignedOf(path, name, value["data_offsets"][0], "offset");
  const uint64_t end = UnsignedOf(path, name, value["data_offsets"][1], "offset");
  if (begin > end || end > data_bytes) {
    Refuse(path, fmt::format("damaged or cut short: tensor \"{:.80}\" ends at byte {} of {}", name, end,
                             data_bytes));
  }
  if (end - begin != bytes) {
    Refuse(path, fmt::format("damaged: tensor \"{:.80}\" has {} bytes, its shape says {}", name, end - begin,
                             bytes));
  }
  entry.offset = data_start + begin;
  entry.bytes = bytes;
  return entry;
}

void CheckNoGapsOrOverlaps(const std::filesystem::path& path, const std::vector<SafetensorsEntry>& entries,
                           uint64_t data_start, uint64_t file_bytes) {
  uint64_t expected = data_start;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.offset != expected) {
      Refuse(path, fmt::format("damaged: tensor \"{:.80}\" {} the one before it", entry.name,
                               entry.offset < expected ? "overlaps" : "leaves a gap after"));
    }
    expected = entry.offset + entry.bytes;
  }
  if (expected != file_bytes) {
    Refuse(path,
           fmt::format("damaged: {} bytes after the last tensor belong to nothing", file_bytes - expected));
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path) {
  std::error_code ec;
  if (!std::filesystem::is_regular_file(path, ec)) Refuse(path, "no such model file");
  const uint64_t file_bytes = std::filesystem::file_size(path, ec);
  if (ec) Refuse(path, "cannot be read: " + ec.message());
  if (file_bytes > kMaxFileBytes) Refuse(path, "larger than 4 GiB: not a model of ours");
  file_.open(path, std::ios::binary);
  if (!file_) Refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  uint64_t header_bytes = 0;
  if (file_bytes < sizeof(header_bytes) ||
      !file_.read(reinterpret_cast<char*>(&header_bytes), sizeof(header_bytes))) {
    Refuse(path, "not a safetensors file (too short)");
  }
  if (header_bytes > kMaxHeaderBytes)
    Refuse(path, "not a safetensors file (its header would be over 100 MB)");
  if (header_bytes > file_bytes - sizeof(header_bytes)) {
    Refuse(path, "not a safetensors file, or cut short (the header reaches past its end)");
  }
  std::string text(header_bytes, '\0');
  if (!file_.read(text.data(), static_cast<std::streamsize>(header_bytes)))
    Refuse(path, "its header cannot be read");

  const uint64_t data_start = sizeof(header_bytes) + header_bytes;
  const Json header = ParseHeader(path, text);
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      metadata_ = ParseMetadata(path, value);
    } else {
      entries_.push_back(ParseEntry(path, name, value, data_start, file_bytes - data_start));
    }
  }
  // An empty tensor shares its offset with the next one and must come first.
  std::sort(entries_.begin(), entries_.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
  });
  CheckNoGapsOrOverlaps(path, entries_, data_start, file_bytes);
  checksums_ = TakeChecksums(path, text, metadata_);
  for (const SafetensorsEntry& entry : entries_) {
    if (has_checksums() && !checksums_.contains(entry.name))
      Refuse(path, fmt::format("damaged: tensor \"{:.80}\" has no checksum", entry.name));
  }
}

const SafetensorsEntry* SafetensorsFile::Find(const std::string& name) const {
  for (const SafetensorsEntry& entry : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

void SafetensorsFile::Read(const SafetensorsEntry& entry, std::span<std::byte> out) {
  if (out.size() != entry.bytes) throw std::invalid_argument("SafetensorsFile::Read: wrong buffer size");
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(entry.offset));
  if (!file_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()))) {
    Refuse(path_, fmt::format("tensor \"{:.80}\" cannot be read", entry.name));
  }
  if (has_checksums() && ChecksumOf(out) != checksums_.at(entry.name)) {
    Refuse(path_, fmt::format("damaged: tensor \"{:.80}\" is not what was written (its checksum differs)",
                              entry.name));
  }
}

void SafetensorsFile::Verify() {
  std::vector<std::byte> buffer;
  for (const SafetensorsEntry& entry : entries_) {
    buffer.resize(entry.bytes);
    Read(entry, buffer);
  }
}

}  // namespace reelswap
