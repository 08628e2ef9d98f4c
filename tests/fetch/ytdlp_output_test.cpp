#include "fetch/ytdlp_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(YtDlpOutput, AddsUpTheFormats) {
  YtDlpOutput output;
  output.AddLine(R"(reelswap-progress {"filename":"a","downloaded_bytes":10,"total_bytes":10,"speed":null})");
  output.AddLine(
      R"(reelswap-progress {"filename":"b","downloaded_bytes":3,"total_bytes":null,"total_bytes_estimate":6.5,"speed":9})");
  EXPECT_EQ(output.received_bytes(), 13);
  EXPECT_EQ(output.total_bytes(), 16);
  EXPECT_EQ(output.bytes_per_second(), 9);
  EXPECT_FALSE(output.announced());
}

TEST(YtDlpOutput, IgnoresLinesThatAreNotItsOwn) {
  YtDlpOutput output;
  for (const char* line : {"", "[download] 5%", "{\"file\":\"x\"}", "reelswap-finished",
                           "reelswap-finished {", "reelswap-finished []", "reelswap-finished {\"file\":7}",
                           " reelswap-finished {\"file\":\"x\"}", "reelswap-progress null"}) {
    output.AddLine(line);
  }
  EXPECT_FALSE(output.finished());
  EXPECT_EQ(output.received_bytes(), 0);
}

TEST(YtDlpOutput, TakesNullsAndNonsenseAsUnknown) {
  YtDlpOutput output;
  output.AddLine(R"(reelswap-before {"id":5,"title":null,"duration":-3,"extractor":null,"bytes":1e300})");
  EXPECT_TRUE(output.announced());
  EXPECT_EQ(output.id(), "");
  EXPECT_EQ(output.duration_seconds(), 0);
  EXPECT_EQ(output.total_bytes(), 0);
}

TEST(ExplainYtDlpFailure, KnowsTheUsualOnes) {
  const auto reason = [](const std::string& text) {
    return ExplainYtDlpFailure("WARNING: x\nERROR: " + text + "\n").reason;
  };
  EXPECT_THAT(reason("[generic] Unable to download webpage: HTTP Error 404: Not Found"), HasSubstr("404"));
  EXPECT_THAT(reason("Unsupported URL: http://x"), HasSubstr("no video on this page"));
  EXPECT_THAT(reason("<urlopen error [Errno -2] Name or service not known>"), HasSubstr("host name"));
  EXPECT_THAT(reason("<urlopen error [Errno 101] Network is unreachable>"), HasSubstr("no network"));
  EXPECT_THAT(reason("The read operation timed out"), HasSubstr("in time"));
  EXPECT_THAT(reason("Sign in to confirm you're not a bot."), HasSubstr("robot"));
  EXPECT_THAT(reason("Sign in to confirm your age."), HasSubstr("age"));
  EXPECT_EQ(ExplainYtDlpFailure("ERROR: unable to write data: [Errno 28] No space left on device").kind,
            ErrorKind::kDisk);
  EXPECT_TRUE(ExplainYtDlpFailure("ERROR: HTTP Error 503: x").transient);
  EXPECT_FALSE(ExplainYtDlpFailure("ERROR: HTTP Error 404: x").transient);
}

TEST(ExplainYtDlpFailure, GivesTheLastErrorWithoutItsAdvice) {
  const YtDlpFailure failure = ExplainYtDlpFailure(
      "ERROR: first\nERROR: [tube] abc: Unable to extract \x1b[31mnsig\r; please report this issue on "
      "https://x , "
      "filling out the template.\nnoise\n");
  EXPECT_THAT(failure.reason, HasSubstr("Unable to extract"));
  EXPECT_THAT(failure.reason, Not(HasSubstr("report")));
  EXPECT_THAT(failure.reason, Not(HasSubstr("\x1b")));
  EXPECT_THAT(failure.cure, HasSubstr("too old"));
}

TEST(ExplainYtDlpFailure, HasAWordForSilence) {
  EXPECT_FALSE(ExplainYtDlpFailure("").reason.empty());
  EXPECT_EQ(ExplainYtDlpFailure("Traceback:\n  KeyError: 'x'\n\n").reason, "KeyError: 'x'");
}

}  // namespace
}  // namespace reelswap
