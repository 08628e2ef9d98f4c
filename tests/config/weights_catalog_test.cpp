#include "config/weights_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kSum(64, 'a');

std::string Entry(const std::string& more = "", const std::string& name = "face",
                  const std::string& url = "https://example.org/weights/Face_v1.dat") {
  return "  - name: " + name + "\n    purpose: tells people apart\n    licence: MIT\n    commercial_use: true\n    url: " +
         url + "\n" + more;
}

std::vector<WeightsEntry> Load(const std::string& entries) {
  testing::TempDir dir;
  WriteFileAtomically(dir / "weights.yaml", "version: 1\nweights:\n" + entries);
  return LoadWeightsCatalog(dir / "weights.yaml");
}

std::string Refusal(const std::string& entries) {
  try {
    Load(entries);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kModel);
    return e.what();
  }
  ADD_FAILURE() << "taken: " << entries;
  return "";
}

TEST(WeightsCatalog, ReadsEveryKey) {
  const auto entries = Load(Entry("    bytes: 12\n    sha256: " + kSum +
                                  "\n    package: libface-data\n    unpacked:\n      path: /usr/share/face.dat\n      bytes: 99\n") +
                            Entry("", "other", "https://example.org/b.dat.bz2?raw=true"));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "face");
  EXPECT_EQ(entries[0].purpose, "tells people apart");
  EXPECT_EQ(entries[0].licence, "MIT");
  EXPECT_TRUE(entries[0].commercial_use);
  EXPECT_EQ(entries[0].bytes, 12);
  EXPECT_EQ(entries[0].sha256, kSum);
  EXPECT_EQ(entries[0].package, "libface-data");
  EXPECT_EQ(entries[0].installed, "/usr/share/face.dat");
  EXPECT_EQ(entries[0].FileName(), "Face_v1.dat");
  EXPECT_FALSE(entries[0].packed());
  EXPECT_EQ(entries[1].FileName(), "b.dat.bz2");
  EXPECT_EQ(entries[1].ReadyFileName(), "b.dat");
  EXPECT_TRUE(entries[1].packed());
  EXPECT_EQ(entries[1].bytes, std::nullopt);
  EXPECT_EQ(entries[1].sha256, "");
}

TEST(WeightsCatalog, NamesThePlaceOfAMistake) {
  EXPECT_THAT(Refusal(Entry("    sha256: short\n")), AllOf(HasSubstr("weights.yaml:8"), HasSubstr("64 hexadecimal")));
  EXPECT_THAT(Refusal(Entry("    sha257: " + kSum + "\n")), HasSubstr("sha257"));
  EXPECT_THAT(Refusal(Entry("    bytes: many\n")), HasSubstr("bytes"));
  EXPECT_THAT(Refusal(Entry() + Entry()), HasSubstr("twice"));
  EXPECT_THAT(Refusal("  - name: face\n"), HasSubstr("purpose"));
  EXPECT_THAT(Refusal("  - face\n"), HasSubstr("a map"));
  EXPECT_THAT(Refusal("  {}\n"), HasSubstr("a list"));
  EXPECT_THAT(Refusal(Entry("  }\n")), HasSubstr("weights.yaml:"));
}

TEST(WeightsCatalog, LetsNoAddressLeadElsewhereOnDisk) {
  for (const char* url : {"https://example.org/", "https://example.org/..", "https://example.org/.hidden",
                          "ftp://example.org/a.dat", "/etc/passwd", "https://example.org/a%2Fb.dat"}) {
    EXPECT_THAT(Refusal(Entry("", "face", url)), HasSubstr("address of a file")) << url;
  }
}

TEST(WeightsCatalog, OfThisRepositoryIsWhole) {
  const auto entries = LoadWeightsCatalog(std::filesystem::path(REELSWAP_SOURCE_DIR) / "models/weights.yaml");
  ASSERT_GE(entries.size(), 4u);
  const auto identity = std::find_if(entries.begin(), entries.end(), [](const WeightsEntry& entry) {
    return entry.name == "face_recognition_densenet_model_v1";
  });
  ASSERT_NE(identity, entries.end());
  EXPECT_FALSE(identity->sha256.empty());
  EXPECT_FALSE(identity->packed());
  const std::filesystem::path file =
      testing::SharedDir() / "weights/face_recognition_densenet_model_v1.dat";
  if (testing::SharedDir().empty() || !std::filesystem::exists(file)) GTEST_SKIP() << "no such file to compare with";
  EXPECT_EQ(Sha256OfFile(file), identity->sha256);
  EXPECT_EQ(static_cast<int64_t>(std::filesystem::file_size(file)), identity->bytes);
}

}  // namespace
}  // namespace reelswap
