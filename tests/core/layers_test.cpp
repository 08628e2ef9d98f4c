// The walls of the house: who may include what. Reads the sources, so it fails when one is broken.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = fs::path(REELSWAP_SOURCE_DIR) / "src";

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"fetch", {"core"}},
    {"media", {"core"}},
    {"face", {"core"}},
    {"model", {"core"}},
    {"compose", {"core"}},
    {"disclose", {"core"}},
    {"actors", {"core"}},
    {"measure", {"core"}},
    {"config", {"core", "compose", "media", "model"}},
    {"library", {"core", "config"}},
    {"pipeline",
     {"core", "fetch", "media", "face", "model", "compose", "disclose", "actors", "measure", "config", "library"}},
    {"cli", {"core", "config", "library", "pipeline"}},
};

// Which folder may see a heavy library, by the start of the include.
const std::vector<std::pair<std::string, std::string>> kHeavy = {
    {"torch/", "model"}, {"ATen/", "model"},  {"c10/", "model"},     {"libav", "media"},   {"libsw", "media"},
    {"dlib/", "face"},   {"curl/", "fetch"},  {"yaml-cpp/", "config"}, {"tbb/", "pipeline"}, {"oneapi/", "pipeline"},
    {"exempi/", "disclose"}, {"CLI/", "cli"}, {"openssl/", "core"},
};

struct Include {
  fs::path file;
  std::string target;
};

std::vector<Include> AllIncludes() {
  std::vector<Include> includes;
  const std::regex pattern(R"rx(^\s*#\s*include\s*[<"]([^>"]+)[>"])rx");
  for (const auto& entry : fs::recursive_directory_iterator(kSource)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (std::regex_search(line, match, pattern)) includes.push_back({entry.path(), match[1]});
    }
  }
  return includes;
}

std::string ModuleOf(const fs::path& file) { return fs::relative(file, kSource).begin()->string(); }

TEST(Layers, EveryArrowPointsDown) {
  const auto includes = AllIncludes();
  ASSERT_GT(includes.size(), 100u);  // the walk really saw the sources
  for (const auto& [file, target] : includes) {
    const std::string from = ModuleOf(file), to = target.substr(0, target.find('/'));
    if (!kMayInclude.contains(to) || from == to) continue;
    ASSERT_TRUE(kMayInclude.contains(from)) << from;
    EXPECT_TRUE(kMayInclude.at(from).contains(to)) << file << " includes " << target;
  }
}

TEST(Layers, EachHeavyLibraryIsSeenByOneFolder) {
  for (const auto& [file, target] : AllIncludes()) {
    for (const auto& [prefix, owner] : kHeavy) {
      if (target.rfind(prefix, 0) == 0) {
        EXPECT_EQ(ModuleOf(file), owner) << file << " includes " << target;
      }
    }
  }
}

TEST(Layers, TorchStaysInItsRoom) {
  for (const auto& [file, target] : AllIncludes()) {
    const bool header = file.extension() == ".h";
    if (header && target.rfind("torch/", 0) == 0) {
      EXPECT_EQ(file.parent_path().filename(), "torch") << file << " includes " << target;
    }
  }
}

TEST(Layers, OnlyGraphFilesSeeTbb) {
  for (const auto& [file, target] : AllIncludes()) {
    if (target.rfind("tbb/", 0) == 0 || target.rfind("oneapi/", 0) == 0) {
      EXPECT_NE(file.filename().string().find("graph"), std::string::npos) << file;
    }
  }
}

}  // namespace
