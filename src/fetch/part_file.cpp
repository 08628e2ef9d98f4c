#include "fetch/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"

namespace reelswap {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

[[noreturn]] void ThrowDisk(const std::string& doing, const fs::path& path, int reason) {
  const char* const cure =
      reason == ENOSPC || reason == EDQUOT ? " (free some space and run again: it resumes)" : "";
  throw Error(ErrorKind::kDisk, "cannot " + doing + " " + path.string() + ": " +
                                    std::generic_category().message(reason) + cure);
}

}  // namespace

PartFile::PartFile(fs::path final_path, std::string url)
    : final_(std::move(final_path)), part_(final_), note_(final_), url_(std::move(url)) {
  part_ += ".part";
  note_ += ".part.json";
  ReadNote();
}

PartFile::~PartFile() {
  if (fd_ >= 0) ::close(fd_);
}

void PartFile::ReadNote() {
  resumable_ = 0;
  remote_ = {};
  std::error_code failed;
  if (!fs::is_regular_file(fs::symlink_status(part_, failed)) || !fs::is_regular_file(note_, failed)) return;
  const json note = json::parse(ReadFile(note_, 1 << 20), nullptr, false);
  if (!note.is_object() || note.value("url_sha256", json()) != Sha256OfBytes(url_)) return;
  const auto text = [&](const char* key) {
    const auto it = note.find(key);
    return it != note.end() && it->is_string() ? it->get<std::string>() : std::string{};
  };
  remote_.etag = text("etag");
  remote_.last_modified = text("last_modified");
  if (const auto it = note.find("total_bytes"); it != note.end() && it->is_number_integer()) {
    remote_.total_bytes = it->get<int64_t>();
  }
  if (remote_.Validator().empty()) return;
  resumable_ = static_cast<int64_t>(fs::file_size(part_, failed));
  if (failed) resumable_ = 0;
  // A part that is already whole asks again for its last byte: that checks the version, and a
  // range that starts behind the end could only be answered with 416.
  if (remote_.total_bytes > 0) resumable_ = std::min(resumable_, remote_.total_bytes - 1);
}

void PartFile::WriteNote() const {
  const json note = {{"url_sha256", Sha256OfBytes(url_)},
                     {"etag", remote_.etag},
                     {"last_modified", remote_.last_modified},
                     {"total_bytes", remote_.total_bytes}};
  WriteFileAtomically(note_, note.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

void PartFile::Open(int64_t keep, const RemoteFile& remote) {
  if (keep == 0) {
    Drop();  // an old part must never stand beside a new note
    remote_ = remote;
    WriteNote();
  }
  fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd_ < 0) ThrowDisk("open", part_, errno);
  if (::ftruncate(fd_, keep) != 0) ThrowDisk("write", part_, errno);
  if (::lseek(fd_, keep, SEEK_SET) < 0) ThrowDisk("write", part_, errno);
  size_ = keep;
}

void PartFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowDisk("write", part_, errno);
    size_ += written;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void PartFile::Close() {
  if (fd_ < 0) return;
  const int failed = ::close(std::exchange(fd_, -1));
  if (failed != 0 && errno != EINTR) ThrowDisk("write", part_, errno);
  ReadNote();
}

void PartFile::Drop() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  for (const fs::path& file : {part_, note_}) {
    std::error_code failed;
    fs::remove(file, failed);
    if (failed) ThrowDisk("remove", file, failed.value());
  }
  remote_ = {};
  resumable_ = 0;
  size_ = 0;
}

void PartFile::Commit() {
  CommitFile(part_, final_);
  std::error_code ignored;  // a stale note without its part is harmless and overwritten next time
  fs::remove(note_, ignored);
}

}  // namespace reelswap
