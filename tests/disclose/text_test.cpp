#include "disclose/text.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

TEST(PlainText, KeepsProperText) {
  const std::string text = "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 <&>";
  EXPECT_EQ(PlainText(text, 1000), text);
}

TEST(PlainText, ReplacesBytesThatAreNotUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(PlainText("a\xFF"
                      "b",
                      100),
            "a" + r + "b");
  EXPECT_EQ(PlainText("\xC3", 100), r);                          // cut short
  EXPECT_EQ(PlainText("\xC0\xAF", 100), r + r);                  // overlong slash
  EXPECT_EQ(PlainText("\xE0\x80\xAF", 100), r + r + r);          // overlong again
  EXPECT_EQ(PlainText("\xED\xA0\x80", 100), r + r + r);          // surrogate
  EXPECT_EQ(PlainText("\xF4\x90\x80\x80", 100), r + r + r + r);  // above U+10FFFF
  EXPECT_EQ(PlainText("\xEF\xBF\xBF", 100), r + r + r);          // U+FFFF, not allowed in XML
}

TEST(PlainText, TurnsControlCharactersIntoSpaces) {
  EXPECT_EQ(PlainText(std::string("a\0b\nc\x7F", 6), 100), "a b c ");
}

TEST(PlainText, CutsBetweenCharacters) {
  EXPECT_EQ(PlainText("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(PlainText("ab\xC3\xA9", 4), "ab\xC3\xA9");
  EXPECT_EQ(PlainText("abc", 0), "");
}

}  // namespace
}  // namespace reelswap
