#include "fetch/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/fetch.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(IsUrl, KnowsHttpAndHttpsInAnyCase) {
  EXPECT_TRUE(IsUrl("http://x"));
  EXPECT_TRUE(IsUrl("HTTPS://x"));
  for (const char* text : {"ftp://x", "file:///x", "clip.mp4", "", "http:/x", " http://x"})
    EXPECT_FALSE(IsUrl(text));
}

TEST(SourceId, IsSixteenHexDigitsAndDiffersByUrl) {
  EXPECT_THAT(SourceId("http://a/../b"), ::testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_NE(SourceId("http://a"), SourceId("http://b"));
  EXPECT_EQ(SourceId("http://a"), SourceId("http://a"));
}

TEST(RedactedUrl, HidesPasswordsAndTokensOnly) {
  EXPECT_EQ(RedactedUrl("https://u:p@h.org:8/a/b.mp4?v=12&X-Amz-Signature=ff&access_token=zz#t"),
            "https://***@h.org:8/a/b.mp4?v=12&X-Amz-Signature=***&access_token=***#t");
  EXPECT_EQ(RedactedUrl("http://h/watch?v=abc"), "http://h/watch?v=abc");
  EXPECT_EQ(RedactedUrl("http://h/mail@example"), "http://h/mail@example");
}

TEST(WithoutSecrets, CleansTheWordsOfOthers) {
  const std::string url = "http://bob:s3cret@h/a?token=abcdef";
  const std::string text = WithoutSecrets("cannot open " + url + " for bob:s3cret with abcdef", url);
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, Not(HasSubstr("abcdef")));
}

TEST(OneLine, MakesTextHarmless) {
  EXPECT_EQ(OneLine("a\r\nb\t\x1b[31mc\x7f", 99), "a b [31mc");
  EXPECT_EQ(OneLine("  x  ", 99), "x");
  EXPECT_EQ(OneLine("ab\xff\xc3", 99), "ab��");
  EXPECT_EQ(OneLine("x\u202Ey", 99), "x y");  // right-to-left override
  EXPECT_EQ(OneLine("ääää", 2), "ää…");
  EXPECT_EQ(OneLine("😀😀", 2), "😀😀");
}

TEST(ShortNameOfUrl, IsHostAndLastComponent) {
  EXPECT_EQ(ShortNameOfUrl("http://u:p@h.org/a/b/c.mp4"), "h.org/c.mp4");
  EXPECT_EQ(ShortNameOfUrl("https://h.org/watch?v=1"), "h.org/watch?v=1");
  EXPECT_EQ(ShortNameOfUrl("https://h.org/"), "h.org");
  EXPECT_LE(ShortNameOfUrl("https://h.org/" + std::string(500, 'x')).size(), 64u);
}

TEST(EncodedUrl, LeavesOnlyPlainBytes) {
  EXPECT_EQ(EncodedUrl("http://h/a b\"😀%20?x='1'"), "http://h/a%20b%22%F0%9F%98%80%20?x=%271%27");
}

TEST(UrlPath, EndsBeforeQueryAndFragment) {
  EXPECT_EQ(UrlPath("http://h/a.mp4?x=/b.html#c"), "/a.mp4");
  EXPECT_EQ(UrlPath("http://h#x.mp4"), "");
  EXPECT_EQ(UrlPath("http://h?u=/x.mp4"), "");
}

}  // namespace
}  // namespace reelswap
