#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace reelswap {

/// What a server said of the file whose beginning we hold.
struct RemoteFile {
  std::string etag;           ///< strong ETag with its quotes, or empty
  std::string last_modified;  ///< HTTP date as sent, or empty
  int64_t total_bytes = -1;   ///< -1 = unknown
  /// For If-Range: the strong ETag, else the date; empty = the file cannot be resumed.
  const std::string& Validator() const { return etag.empty() ? last_modified : etag; }
};

/// The unfinished download <final>.part and the note <final>.part.json beside it, which says of
/// which URL and of which version of the file it is. Not thread-safe.
/// All functions throw Error(kDisk) with path and reason.
class PartFile {
 public:
  PartFile(std::filesystem::path final_path, std::string url);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Bytes that may be kept: 0 unless part and note fit this URL and there is a validator.
  int64_t ResumableBytes() const { return resumable_; }
  const RemoteFile& remote() const { return remote_; }
  const std::filesystem::path& path() const { return part_; }

  /// Opens for appending after the first `keep` bytes; keep 0 starts over with a new note.
  void Open(int64_t keep, const RemoteFile& remote);
  bool is_open() const { return fd_ >= 0; }
  void Append(std::string_view bytes);
  int64_t size() const { return size_; }
  /// Closes; what arrived so far becomes resumable.
  void Close();
  /// Removes part and note.
  void Drop();
  /// Gives the part its final name and removes the note.
  void Commit();

 private:
  void ReadNote();
  void WriteNote() const;

  std::filesystem::path final_;
  std::filesystem::path part_;
  std::filesystem::path note_;
  std::string url_;
  RemoteFile remote_;
  int64_t resumable_ = 0;
  int64_t size_ = 0;
  int fd_ = -1;
};

}  // namespace reelswap
