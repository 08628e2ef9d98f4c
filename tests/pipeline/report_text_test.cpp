#include "pipeline/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(ValidUtf8, KeepsTextThatIsValid) {
  const std::string text = "plain, grüße, 日本語, 😀";
  EXPECT_EQ(ValidUtf8(text), text);
}

TEST(ValidUtf8, ReplacesEveryByteThatBelongsToNoCharacter) {
  EXPECT_EQ(ValidUtf8("a\xFF"
                      "b"),
            "a" + kReplacement + "b");
  EXPECT_EQ(ValidUtf8("\xE2\x82"), kReplacement + kReplacement) << "cut in the middle of a character";
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), kReplacement + kReplacement) << "overlong slash";
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), kReplacement + kReplacement + kReplacement) << "surrogate";
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80").size(), 4 * kReplacement.size()) << "above U+10FFFF";
}

TEST(OneLine, RemovesWhatCouldCommandATerminal) {
  EXPECT_EQ(OneLine("a\x1b[31mred\x07"), "a[31mred");
  EXPECT_EQ(OneLine("c1 \xC2\x9B"
                    "31m"),
            "c1 31m")
      << "U+009B starts a command in 8-bit terminals";
  EXPECT_EQ(OneLine("evil\xE2\x80\xAE"
                    "4pm"),
            "evil4pm")
      << "right-to-left override";
}

TEST(OneLine, TurnsNewlinesAndTabsIntoOneSpace) {
  EXPECT_EQ(OneLine("\nfirst\r\n\tsecond\n"), "first second");
}

TEST(DisplayWidth, CountsWideCharactersTwiceAndCombiningMarksNot) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("😀"), 2);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);
}

TEST(FitWidth, NeverExceedsTheWidthNorSplitsACharacter) {
  const std::string text = "ab日本語😀xyz";
  for (int columns = 0; columns <= DisplayWidth(text); ++columns) {
    const std::string fitted = FitWidth(text, columns);
    EXPECT_LE(DisplayWidth(fitted), columns);
    EXPECT_EQ(ValidUtf8(fitted), fitted) << columns;
  }
  EXPECT_EQ(FitWidth("abcdef", 4), "abc…");
  EXPECT_EQ(FitWidth("abc", 3), "abc");
}

TEST(PadWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(PadWidth("ü", 3), "ü  ");
  EXPECT_EQ(PadWidth("日", 3), "日 ");
  EXPECT_EQ(PadWidth("long", 2), "long");
}

TEST(EscapeHtml, LeavesNoMarkupAndNoQuote) {
  EXPECT_EQ(EscapeHtml("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  EXPECT_EQ(EscapeHtml("😀\n"), "😀\n");
  EXPECT_EQ(EscapeHtml(std::string("a\0b", 3)), "a" + kReplacement + "b");
  EXPECT_EQ(EscapeHtml("\xFF"), kReplacement);
}

TEST(RelativeLink, IsRelativeToTheFolderAndPercentEncoded) {
  EXPECT_EQ(RelativeLink("/p/output/a b#1?.mp4", "/p"), "output/a%20b%231%3F.mp4");
  EXPECT_EQ(RelativeLink("/models/x.png", "/p/q"), "../../models/x.png");
  EXPECT_EQ(RelativeLink("/p/50%\".mp4", "/p"), "50%25%22.mp4");
  EXPECT_EQ(RelativeLink("/p/gr\xC3\xBC\xFF.mp4", "/p"), "gr%C3%BC%FF.mp4") << "any byte may be in a name";
}

TEST(RelativeLink, NeverHasAScheme) {
  EXPECT_EQ(RelativeLink("/p/javascript:alert(1)", "/p"), "javascript%3Aalert%281%29");
}

TEST(WebLink, AcceptsHttpAndHttpsOnly) {
  EXPECT_EQ(WebLink("https://example.org/a?b=1&c=2"), "https://example.org/a?b=1&amp;c=2");
  EXPECT_EQ(WebLink("HTTP://example.org/"), "HTTP://example.org/");
  for (const char* other :
       {"javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x",
        "file:///etc/passwd", "//example.org", "/local/path", "", "http:", "java\nscript:http://"}) {
    EXPECT_EQ(WebLink(other), "") << other;
  }
}

TEST(WebLink, CannotLeaveItsAttribute) {
  const std::string link = WebLink("https://e.org/\"onmouseover='x'><b>\n");
  EXPECT_THAT(link, Not(HasSubstr("\"")));
  EXPECT_THAT(link, Not(HasSubstr("'")));
  EXPECT_THAT(link, Not(HasSubstr("<")));
  EXPECT_THAT(link, Not(HasSubstr("\n")));
}

TEST(SplitCure, TakesTheClosingRemarkAsTheCure) {
  const ErrorParts parts =
      SplitCure("cannot open a.mp4: moov atom not found (incomplete download? run again (it resumes))");
  EXPECT_EQ(parts.sentence, "cannot open a.mp4: moov atom not found");
  EXPECT_EQ(parts.cure, "incomplete download? run again (it resumes)");
}

TEST(SplitCure, LeavesShortRemarksInTheSentence) {
  for (const std::string text : {"HTTP error (404)", "odd ) text)", "no remark", "", "(all of it inside)"}) {
    EXPECT_EQ(SplitCure(text).sentence, text);
    EXPECT_EQ(SplitCure(text).cure, "");
  }
}

TEST(SplitCure, TakesWhatFollowsTheFirstLine) {
  EXPECT_EQ(SplitCure("it broke\nmend it\n").cure, "mend it");
  EXPECT_EQ(SplitCure("it broke\nmend it\n").sentence, "it broke");
}

TEST(FormatDuration, ChoosesTwoUnitsThatMatter) {
  EXPECT_EQ(FormatDuration(0.44), "0.4 s");
  EXPECT_EQ(FormatDuration(42.4), "42 s");
  EXPECT_EQ(FormatDuration(59.7), "1 min 0 s");
  EXPECT_EQ(FormatDuration(245), "4 min 5 s");
  EXPECT_EQ(FormatDuration(3 * 3600 + 12 * 60 + 59), "3 h 12 min");
  EXPECT_EQ(FormatDuration(2 * 86400 + 4 * 3600), "2 d 4 h");
  EXPECT_EQ(FormatDuration(-1), "–");
  EXPECT_EQ(FormatDuration(std::numeric_limits<double>::infinity()), "–");
}

TEST(FormatClock, ReadsLikeAStopwatch) {
  EXPECT_EQ(FormatClock(4), "0:04");
  EXPECT_EQ(FormatClock(750), "12:30");
  EXPECT_EQ(FormatClock(3723), "1:02:03");
  EXPECT_EQ(FormatClock(std::nan("")), "–");
}

TEST(FormatCount, GroupsThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999.6), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(-1234), "-1,234");
  EXPECT_EQ(FormatCount(std::nan("")), "–");
}

TEST(FormatQuantity, KeepsAboutThreeDigits) {
  EXPECT_EQ(FormatQuantity(0.031249), "0.0312");
  EXPECT_EQ(FormatQuantity(3.14159), "3.14");
  EXPECT_EQ(FormatQuantity(61.23), "61.2");
  EXPECT_EQ(FormatQuantity(412.7), "413");
  EXPECT_EQ(FormatQuantity(120000), "120,000");
}

TEST(FormatBytes, UsesDecimalUnits) {
  EXPECT_EQ(FormatBytes(812), "812 B");
  EXPECT_EQ(FormatBytes(999.6), "1 kB");
  EXPECT_EQ(FormatBytes(3.44e6), "3.4 MB");
  EXPECT_EQ(FormatBytes(88.0e6), "88.0 MB");
  EXPECT_EQ(FormatBytes(1.2e9), "1.20 GB");
}

TEST(CountOf, KnowsThePlural) {
  EXPECT_EQ(CountOf(1, "face"), "1 face");
  EXPECT_EQ(CountOf(0, "face"), "0 faces");
  EXPECT_EQ(CountOf(12345, "frame"), "12,345 frames");
}

}  // namespace
}  // namespace reelswap
