#include "fetch/source_record.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "fetch/url.h"

namespace reelswap {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kRecordName = "source.json";
constexpr int64_t kLargestRecord = int64_t{1} << 20;

/// The record as an object, or null where there is none that can be read.
json LoadRecord(const fs::path& folder) {
  const fs::path file = folder / kRecordName;
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return nullptr;
  json record = json::parse(ReadFile(file, kLargestRecord), nullptr, /*allow_exceptions=*/false);
  if (record.is_object()) return record;
  LogWarning(file.string() + " is damaged: its source is looked at again");
  return nullptr;
}

template <typename T>
T ValueOr(const json& object, const char* key, T fallback) {
  const auto it = object.find(key);
  if (it == object.end()) return fallback;
  if constexpr (std::is_same_v<T, std::string>)
    return it->is_string() ? it->template get<T>() : fallback;
  else
    return it->is_number() ? it->template get<T>() : fallback;
}

void StoreRecord(const fs::path& folder, const json& record) {
  WriteFileAtomically(folder / kRecordName,
                      record.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace

std::optional<SourceRecord> ReadSourceRecord(const fs::path& folder, const std::string& url) {
  const json stored = LoadRecord(folder);
  if (stored.is_null() || ValueOr<std::string>(stored, "url_sha256", "") != Sha256OfBytes(url))
    return std::nullopt;
  const fs::path name = ValueOr<std::string>(stored, "file", "");
  SourceRecord record;
  FetchedMedia& media = record.media;
  media.bytes = ValueOr<int64_t>(stored, "bytes", -1);
  media.sha256 = ValueOr<std::string>(stored, "sha256", "");
  if (name.empty() || name != name.filename() || name == "." || name == ".." || media.sha256.size() != 64) {
    return std::nullopt;
  }
  media.path = folder / name;
  std::error_code failed;
  if (fs::symlink_status(media.path, failed).type() != fs::file_type::regular) return std::nullopt;
  if (static_cast<int64_t>(fs::file_size(media.path, failed)) != media.bytes || failed) return std::nullopt;
  media.url = url;
  media.id = ValueOr<std::string>(stored, "id", "");
  media.title = ValueOr<std::string>(stored, "title", "");
  media.duration_seconds = ValueOr<double>(stored, "duration_seconds", 0);
  media.was_complete = true;
  record.validator = ValueOr<std::string>(stored, "etag", "");
  return record;
}

void WriteSourceRecord(const fs::path& folder, const SourceRecord& record) {
  const FetchedMedia& media = record.media;
  StoreRecord(folder, {{"url", RedactedUrl(media.url)},
                       {"url_sha256", Sha256OfBytes(media.url)},
                       {"id", media.id},
                       {"title", media.title},
                       {"duration_seconds", media.duration_seconds},
                       {"file", media.path.filename().string()},
                       {"bytes", media.bytes},
                       {"sha256", media.sha256},
                       {"etag", record.validator}});
}

FetchedMedia DescribeLocalFile(const fs::path& file, const fs::path& folder) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    throw Error(ErrorKind::kMedia, "cannot find " + file.string() + ": " +
                                       std::system_category().message(errno) +
                                       " (paths are relative to the project file)");
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::kMedia, file.string() + " is " +
                                       (S_ISDIR(status.st_mode) ? "a folder" : "no regular file") +
                                       ": name a video or picture file");
  }
  if (status.st_size == 0) throw Error(ErrorKind::kMedia, file.string() + " is empty: copy it again");

  FetchedMedia media;
  media.path = fs::absolute(file).lexically_normal();
  media.url = media.path.string();
  media.bytes = status.st_size;
  media.was_complete = true;
  const int64_t modified_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  const json stored = LoadRecord(folder);
  const bool known = !stored.is_null() && ValueOr<std::string>(stored, "path", "") == media.url &&
                     ValueOr<int64_t>(stored, "bytes", -1) == media.bytes &&
                     ValueOr<int64_t>(stored, "modified_ns", -1) == modified_ns;
  if (known) media.sha256 = ValueOr<std::string>(stored, "sha256", "");
  if (media.sha256.size() != 64) {
    media.sha256 = Sha256OfFile(file);
    StoreRecord(folder, {{"path", media.url},
                         {"bytes", media.bytes},
                         {"modified_ns", modified_ns},
                         {"sha256", media.sha256}});
  }
  return media;
}

}  // namespace reelswap
