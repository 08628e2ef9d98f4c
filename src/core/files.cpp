#include "core/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "core/error.h"

namespace reelswap {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void ThrowDisk(const std::string& doing, const fs::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    throw Error(ErrorKind::kDisk, fmt::format("the disk is full while {} {}: free some space and run again",
                                              doing, path.string()));
  }
  throw Error(ErrorKind::kDisk, fmt::format("{} {} failed: {}", doing, path.string(), std::strerror(error)));
}

/// Owns a POSIX file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  int Close() {
    const int result = ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

void SyncFolderOf(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());  // some file systems cannot sync a folder; the rename is still atomic
}

void RequireReplaceable(const fs::path& path) {
  std::error_code ec;
  const fs::file_status status = fs::symlink_status(path, ec);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorKind::kDisk,
                fmt::format("{} exists and is not a regular file; it is left alone: choose another name",
                            path.string()));
  }
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Update(const void* data, size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

fs::path TemporaryPathFor(const fs::path& path) {
  static std::atomic<uint64_t> counter{0};
  const std::string name =
      fmt::format("{}.{}-{}.part{}", path.stem().string(), ::getpid(), counter++, path.extension().string());
  return path.parent_path() / name;
}

void CommitFile(const fs::path& temporary, const fs::path& path) {
  RequireReplaceable(path);
  {
    FileDescriptor fd(::open(temporary.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) ThrowDisk("opening", temporary, errno);
    if (::fsync(fd.get()) != 0) ThrowDisk("flushing", temporary, errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) ThrowDisk("renaming to", path, errno);
  SyncFolderOf(path);
}

void WriteFileAtomically(const fs::path& path, std::string_view bytes) {
  std::error_code ec;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), ec);
  RequireReplaceable(path);
  const fs::path temporary = TemporaryPathFor(path);
  try {
    FileDescriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (fd.get() < 0) ThrowDisk("creating", path, errno);
    size_t written = 0;
    while (written < bytes.size()) {
      const ssize_t n = ::write(fd.get(), bytes.data() + written, bytes.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) ThrowDisk("writing", path, errno);
      written += static_cast<size_t>(n);
    }
    if (fd.Close() != 0) ThrowDisk("closing", path, errno);
    CommitFile(temporary, path);
  } catch (...) {
    fs::remove(temporary, ec);
    throw;
  }
}

std::string ReadFile(const fs::path& path, int64_t max_bytes) {
  std::error_code ec;
  const auto size = fs::file_size(path, ec);
  if (ec) throw Error(ErrorKind::kDisk, fmt::format("cannot read {}: {}", path.string(), ec.message()));
  if (static_cast<int64_t>(size) > max_bytes) {
    throw Error(ErrorKind::kDisk, fmt::format("{} has {} bytes, more than the {} expected here", path.string(),
                                              size, max_bytes));
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!in) throw Error(ErrorKind::kDisk, fmt::format("cannot read {}", path.string()));
  return bytes;
}

std::string Sha256OfBytes(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes.data(), bytes.size());
  return hash.Hex();
}

std::string Sha256OfFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::kDisk, fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  Sha256 hash;
  std::vector<char> buffer(size_t{1} << 20);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.Update(buffer.data(), static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) throw Error(ErrorKind::kDisk, fmt::format("cannot read {} to its end", path.string()));
  return hash.Hex();
}

}  // namespace reelswap
