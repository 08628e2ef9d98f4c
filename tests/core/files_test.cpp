#include "core/files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

TEST(Files, AnAtomicWriteLeavesOnlyTheFinalName) {
  testing::TempDir dir;
  WriteFileAtomically(dir / "a/b.txt", "one");
  WriteFileAtomically(dir / "a/b.txt", "two");
  EXPECT_EQ(ReadFile(dir / "a/b.txt"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir / "a"), fs::directory_iterator{}), 1);
}

TEST(Files, SomethingThatIsNoRegularFileIsNeverReplaced) {
  testing::TempDir dir;
  fs::create_directory(dir / "folder");
  fs::create_symlink("/dev/full", dir / "link");
  EXPECT_THROW(WriteFileAtomically(dir / "folder", "x"), Error);
  EXPECT_THROW(WriteFileAtomically(dir / "link", "x"), Error);
  EXPECT_TRUE(fs::is_directory(dir / "folder"));
  EXPECT_TRUE(fs::is_symlink(dir / "link"));
}

TEST(Files, TemporaryNamesKeepTheExtensionAndAreUnique) {
  const fs::path a = TemporaryPathFor("/x/out.mp4"), b = TemporaryPathFor("/x/out.mp4");
  EXPECT_NE(a, b);
  EXPECT_EQ(a.extension(), ".mp4");
  EXPECT_EQ(a.parent_path(), "/x");
}

TEST(Files, Sha256MatchesThePublishedVector) {
  // FIPS 180-2, appendix B.1.
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Sha256OfBytes("abc"), abc);
  testing::TempDir dir;
  WriteFileAtomically(dir / "abc", "abc");
  EXPECT_EQ(Sha256OfFile(dir / "abc"), abc);
}

TEST(Files, AFileLargerThanExpectedIsRefused) {
  testing::TempDir dir;
  WriteFileAtomically(dir / "big", std::string(100, 'x'));
  EXPECT_THROW(ReadFile(dir / "big", 99), Error);
  EXPECT_THROW(ReadFile(dir / "absent"), Error);
}

}  // namespace
}  // namespace reelswap
