#include "fetch/http_answer.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

HttpAnswer With(const std::string& line) {
  HttpAnswer answer;
  answer.AddHeaderLine("HTTP/1.1 200 OK\r\n");
  answer.AddHeaderLine(line + "\r\n");
  return answer;
}

TEST(HttpAnswer, ReadsContentRange) {
  const auto range = With("content-RANGE:  bytes 5-9/10").Range();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5);
  EXPECT_EQ(range->last, 9);
  EXPECT_EQ(range->total, 10);
  EXPECT_EQ(With("Content-Range: bytes 5-9/*").Range()->total, -1);
}

TEST(HttpAnswer, RefusesContentRangesThatMakeNoSense) {
  for (const char* value : {"bytes 9-5/10", "bytes 5-9/9", "bytes 5-9", "bytes -5/10", "lines 1-2/3",
                            "bytes */10", "", "bytes 5-9/10x", "bytes 99999999999999999999-5/1"}) {
    EXPECT_FALSE(With(std::string("Content-Range: ") + value).Range()) << value;
  }
}

TEST(HttpAnswer, TrustsStrongETagsOnly) {
  EXPECT_EQ(With("ETag: \"abc\"").Remote().Validator(), "\"abc\"");
  EXPECT_EQ(With("ETag: W/\"abc\"").Remote().Validator(), "");
  EXPECT_EQ(With("Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT").Remote().Validator(),
            "Mon, 01 Jan 2024 00:00:00 GMT");
}

TEST(HttpAnswer, ForgetsTheHeadersOfARedirect) {
  HttpAnswer answer = With("Content-Type: text/html");
  EXPECT_TRUE(answer.IsWebPage());
  answer.AddHeaderLine("HTTP/1.1 200 OK\r\n");
  EXPECT_FALSE(answer.IsWebPage());
}

TEST(HttpAnswer, KnowsWhenItIsCompressed) {
  EXPECT_TRUE(With("Content-Encoding: GZIP").encoded());
  EXPECT_FALSE(With("Content-Encoding: identity").encoded());
}

}  // namespace
}  // namespace reelswap
