#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace reelswap {

/// Weights made by others, as models/weights.yaml describes them.
struct WeightsEntry {
  std::string name;            ///< unique, see IsSafeName
  std::string purpose;
  std::string licence;
  bool commercial_use = false;
  std::string url;             ///< http or https
  std::string package;         ///< Debian package that installs the same, or empty
  std::optional<int64_t> bytes;  ///< of what the address delivers
  std::string sha256;          ///< of what the address delivers: 64 lower-case hex digits; empty: never computed
  std::filesystem::path installed;  ///< where `package` puts the file, or empty
  int line = 0;                ///< in the catalog, for messages

  /// The last part of the address: "face.dat", "face.dat.bz2".
  std::string FileName() const;
  /// What it is called when it is ready for use: without ".bz2".
  std::string ReadyFileName() const;
  bool packed() const { return FileName() != ReadyFileName(); }
};

/// In the order of the file. Throws Error(kModel) with file:line and what is wrong there.
std::vector<WeightsEntry> LoadWeightsCatalog(const std::filesystem::path& file);

}  // namespace reelswap
