#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/project_text.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::ProjectInFolder;
using testing::WriteText;

const char* const kProject =
    "name: n\n"
    "people:\n"
    "  ava:\n"
    "    consent: \"release 12\"\n"
    "    sources:\n"
    "      - clips/a_*.mp4\n"
    "      - one.mp4\n"
    "      - https://x.org/v.mp4\n"
    "  ben:\n"
    "    consent: \"release 13\"\n"
    "    sources: [{photos: stills}]\n"
    "convert:\n"
    "  - {target: t.mp4, swap: {ava: ben}}\n"
    "  - {target: \"https://x.org/t.mp4\", swap: {ava: ben}}\n"
    "download: {cookies: c.txt}\n";

TEST(MissingInputs, NamesEveryLocalInputThatIsNotThere) {
  const ProjectInFolder file(kProject);
  const auto missing = MissingInputs(file.Load());
  ASSERT_EQ(missing.size(), 5u);
  EXPECT_EQ(missing[0].line, 6);
  EXPECT_EQ(missing[0].column, 9);
  EXPECT_EQ(missing[0].message, "people.ava: no file matches " + (file.folder() / "clips/a_*.mp4").string());
  EXPECT_EQ(missing[1].line, 7);
  EXPECT_THAT(missing[2].message, HasSubstr("stills is not there"));
  EXPECT_THAT(missing[3].message, HasSubstr("convert: the target"));
  EXPECT_THAT(missing[4].message, HasSubstr("download.cookies"));
}

TEST(MissingInputs, IsEmptyWhenEverythingIsThere) {
  const ProjectInFolder file(kProject);
  for (const char* name : {"clips/a_1.mp4", "one.mp4", "stills/x.jpg", "t.mp4", "c.txt"})
    WriteText(file.folder() / name, "x");
  EXPECT_TRUE(MissingInputs(file.Load()).empty());
}

TEST(MissingInputs, OfNumberedPicturesTheFolderMustBeThere) {
  const ProjectInFolder file(
      "name: n\npeople:\n  a: {consent: \"release 12\", sources: [a.mp4]}\n"
      "  b: {consent: \"release 13\", sources: [b.mp4]}\nconvert:\n"
      "  - {target: frames/%03d.png, swap: {a: b}, fps: 25}\n");
  WriteText(file.folder() / "a.mp4", "x");
  WriteText(file.folder() / "b.mp4", "x");
  const auto missing = MissingInputs(file.Load());
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].message, "convert: the target " + (file.folder() / "frames").string() + " is not there");
  WriteText(file.folder() / "frames/001.png", "x");
  EXPECT_TRUE(MissingInputs(file.Load()).empty());
}

TEST(MissingInputs, OnlyStarAndQuestionMarkAreWildcards) {
  const ProjectInFolder file(
      "name: n\npeople:\n  a: {consent: \"release 12\", sources: [\"[x]_?.mp4\"]}\n"
      "  b: {consent: \"release 13\", sources: [\"[x].mp4\"]}\n");
  WriteText(file.folder() / "x_1.mp4", "x");
  EXPECT_EQ(MissingInputs(file.Load()).size(), 2u);
  WriteText(file.folder() / "[x]_1.mp4", "x");
  WriteText(file.folder() / "[x].mp4", "x");
  EXPECT_TRUE(MissingInputs(file.Load()).empty());
}

}  // namespace
}  // namespace reelswap
