#include "testing/temp_dir.h"

#include <stdlib.h>

#include <stdexcept>

namespace reelswap::testing {

namespace fs = std::filesystem;

TempDir::TempDir() {
  std::string pattern = (fs::temp_directory_path() / "reelswap_test_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path SharedDir() {
  const fs::path folder = REELSWAP_SHARED_DIR;
  return fs::is_directory(folder / "footage") ? fs::canonical(folder) : fs::path{};
}

}  // namespace reelswap::testing
