#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "fetch/fetch.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::TempDir;

class ExpandGlobTest : public ::testing::Test {
 protected:
  void Make(const std::string& name) {
    fs::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name) << "x";
  }
  std::vector<std::string> Expand(const std::string& pattern) {
    std::vector<std::string> names;
    for (const fs::path& path : ExpandGlob(pattern, dir_.path())) {
      names.push_back(path.lexically_relative(dir_.path()).string());
    }
    return names;
  }
  TempDir dir_;
};

TEST_F(ExpandGlobTest, SortsWhatMatches) {
  for (const char* name : {"b.mp4", "a.mp4", "c.mkv", "A.mp4"}) Make(name);
  EXPECT_THAT(Expand("*.mp4"), ElementsAre("A.mp4", "a.mp4", "b.mp4"));
  EXPECT_THAT(Expand("?.m*"), ElementsAre("A.mp4", "a.mp4", "b.mp4", "c.mkv"));
}

TEST_F(ExpandGlobTest, FailsWhenNothingMatches) {
  Make("a.mp4");
  try {
    Expand("*.mov");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMedia);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("*.mov"));
  }
  EXPECT_THROW(Expand("absent/*.mp4"), Error);
}

TEST_F(ExpandGlobTest, GivesAPlainNameItself) {
  EXPECT_THAT(Expand("not/there.mp4"), ElementsAre("not/there.mp4"));
  EXPECT_THAT(Expand("./x/../y.mp4"), ElementsAre("y.mp4"));
}

TEST_F(ExpandGlobTest, TakesSpacesEmojiBracketsAndQuotesAsTheyAre) {
  Make("my clip 😀.mp4");
  Make("a [1080p] 'x' \"y\" $(z).mp4");
  EXPECT_THAT(Expand("my clip ?.mp4"), ElementsAre("my clip 😀.mp4"));
  EXPECT_THAT(Expand("a [1080p]*"), ElementsAre("a [1080p] 'x' \"y\" $(z).mp4"));
}

TEST_F(ExpandGlobTest, PrefersANameThatTrulyHoldsTheWildcard) {
  Make("what?.mp4");
  Make("whatx.mp4");
  EXPECT_THAT(Expand("what?.mp4"), ElementsAre("what?.mp4"));
}

TEST_F(ExpandGlobTest, GoesThroughFolders) {
  Make("one/a.mp4");
  Make("two/b.mp4");
  Make("two/deep/c.mp4");
  EXPECT_THAT(Expand("*/*.mp4"), ElementsAre("one/a.mp4", "two/b.mp4"));
  EXPECT_THAT(Expand("t*/deep/c.mp4"), ElementsAre("two/deep/c.mp4"));
}

TEST_F(ExpandGlobTest, GivesFoldersOnlyWhereNoFileMatches) {
  Make("photos_a/1.jpg");
  Make("photos_b/1.jpg");
  EXPECT_THAT(Expand("photos_*"), ElementsAre("photos_a", "photos_b"));
  Make("photos_c.mp4");
  EXPECT_THAT(Expand("photos_*"), ElementsAre("photos_c.mp4"));
}

TEST_F(ExpandGlobTest, LeavesHiddenFilesAlone) {
  Make(".hidden.mp4");
  Make("seen.mp4");
  EXPECT_THAT(Expand("*.mp4"), ElementsAre("seen.mp4"));
  EXPECT_THAT(Expand(".*.mp4"), ElementsAre(".hidden.mp4"));
}

TEST_F(ExpandGlobTest, TakesAbsolutePatternsAndWildcardsInTheBase) {
  Make("base*/a.mp4");
  Make("basement/a.mp4");
  EXPECT_THAT(ExpandGlob("*.mp4", dir_ / "base*"), ElementsAre(dir_ / "base*" / "a.mp4"));
  EXPECT_THAT(ExpandGlob((dir_ / "basem*" / "a.*").string(), "/elsewhere"),
              ElementsAre(dir_ / "basement" / "a.mp4"));
}

}  // namespace
}  // namespace reelswap
