#include "fetch/media_kind.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

TEST(MediaExtensionOf, KnowsOnlyMedia) {
  EXPECT_EQ(MediaExtensionOf("/a/b.MP4"), ".mp4");
  EXPECT_EQ(MediaExtensionOf("/a/b.Jpeg"), ".jpeg");
  for (const char* path : {"/a/b", "/a.mp4/b", "/x.html", "/x.sh", "/x.mp4/", "", "/x.", "/playlist.m3u8"}) {
    EXPECT_EQ(MediaExtensionOf(path), "") << path;
  }
}

TEST(IsPictureExtension, TellsPicturesFromVideos) {
  EXPECT_TRUE(IsPictureExtension(".png"));
  EXPECT_FALSE(IsPictureExtension(".mp4"));
  EXPECT_FALSE(IsPictureExtension(""));
}

TEST(ExtensionFromFirstBytes, KnowsTheUsualContainers) {
  EXPECT_EQ(ExtensionFromFirstBytes(std::string("\0\0\0\x20"
                                                "ftypisom....",
                                                16)),
            ".mp4");
  EXPECT_EQ(ExtensionFromFirstBytes(std::string("\x1A\x45\xDF\xA3............", 16)), ".mkv");
  EXPECT_EQ(ExtensionFromFirstBytes("RIFF....AVI LIST"), ".avi");
  EXPECT_EQ(ExtensionFromFirstBytes("#!/bin/sh\nrm -rf /\n"), "");
  EXPECT_EQ(ExtensionFromFirstBytes(""), "");
}

TEST(LooksLikeWebPage, SeesHtmlBehindBlanksAndMarks) {
  EXPECT_TRUE(LooksLikeWebPage("<!DOCTYPE HTML>"));
  EXPECT_TRUE(LooksLikeWebPage("\xEF\xBB\xBF\r\n  <Html lang=en>"));
  EXPECT_TRUE(LooksLikeWebPage("<?xml version='1.0'?><html xmlns=''>"));
  EXPECT_TRUE(LooksLikeWebPage("<!-- x --><html>"));
  EXPECT_FALSE(
      LooksLikeWebPage(std::string("\0\0\0\x20"
                                   "ftypisom<html>",
                                   18)));
  EXPECT_FALSE(LooksLikeWebPage(""));
}

}  // namespace
}  // namespace reelswap
