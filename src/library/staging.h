#pragma once

#include <filesystem>
#include <string>

namespace reelswap {

/// A hidden folder in which a version is put together, on the same file system as its final place.
/// Removed with the object unless it was published. Not thread-safe.
class Staging {
 public:
  /// Throws Error(kDisk) when `root` cannot be created or written.
  explicit Staging(const std::filesystem::path& root);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Copies a file into the folder and flushes it to disk. Throws Error(kDisk).
  void CopyIn(const std::filesystem::path& file, const std::string& name) const;
  /// Renames the folder to `target`; false when something is there already (nothing is replaced).
  bool Publish(const std::filesystem::path& target);

 private:
  std::filesystem::path path_;
};

/// Removes what interrupted additions left behind more than a day ago. Never throws.
void RemoveOldStaging(const std::filesystem::path& root);

}  // namespace reelswap
