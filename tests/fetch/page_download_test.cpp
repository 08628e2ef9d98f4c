#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "fetch/fetch.h"
#include "fetch/process.h"
#include "testing/http_server.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace reelswap::testing;  // NOLINT: the fixtures of this file

std::string VideoBytes(size_t size) {
  std::string bytes(
      "\0\0\0\x20"
      "ftypisom",
      12);
  for (unsigned i = 0; bytes.size() < size; ++i) bytes += static_cast<char>(i * 2654435761u >> 24);
  return bytes;
}

class EventLog : public ProgressSink {
 public:
  std::function<void(const ProgressEvent&)> on_event;
  std::vector<ProgressEvent> events;
  void Report(const ProgressEvent& event) override {
    events.push_back(event);
    if (on_event) on_event(event);
  }
};

class PageDownloadTest : public ::testing::Test {
 protected:
  PageDownloadTest() {
    options_.max_attempts = 2;
    options_.first_backoff_seconds = 0.005;
    options_.stall_seconds = 5;
  }

  /// A program in place of yt-dlp, run in the folder that yt-dlp would be given.
  void FakeYtDlp(const std::string& script) {
    const fs::path program = dir_ / "fake-yt-dlp";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(program, fs::perms::owner_all);
    options_.ytdlp_program = program.string();
  }

  /// A line of output as our print options make yt-dlp write it.
  static std::string Says(const std::string& mark, const nlohmann::json& object) {
    return "cat <<'END_OF_LINE'\n" + mark + " " + object.dump() + "\nEND_OF_LINE\n";
  }
  static std::string SaysFinished(const std::string& file, const std::string& title = "t") {
    return Says(
        "reelswap-finished",
        {{"id", "i"}, {"title", title}, {"duration", 12.5}, {"extractor", "Generic"}, {"file", file}});
  }
  static std::string WritesVideo(const std::string& file) {
    return "printf '0123ftypisomxxxxxxxx' > '" + file + "'\n";
  }

  FetchedMedia Fetch(const std::string& url = "http://127.0.0.1:1/watch?v=1") {
    return FetchUrl(url, folder(), options_, log_, stop_.get_token());
  }
  std::string FailedFetch(ErrorKind kind, const std::string& url = "http://127.0.0.1:1/watch?v=1") {
    try {
      Fetch(url);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_FALSE(fs::exists(folder() / "source.json"));
      EXPECT_FALSE(fs::exists(folder() / "media.mp4"));
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    ADD_FAILURE() << "the download did not fail";
    return {};
  }
  size_t FilesBelow(const fs::path& root) const {
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root)) files += !entry.is_directory();
    return files;
  }
  fs::path folder() const { return dir_ / "source"; }

  TempDir dir_;
  FetchOptions options_;
  EventLog log_;
  std::stop_source stop_;
};

TEST_F(PageDownloadTest, SaysHowToGetYtDlpWhenItIsMissing) {
  options_.ytdlp_program = "no-such-yt-dlp";
  EXPECT_THAT(
      FailedFetch(ErrorKind::kMissingTool),
      AllOf(HasSubstr("apt-get install yt-dlp"), HasSubstr("download.ytdlp"), HasSubstr("no-such-yt-dlp")));
}

TEST_F(PageDownloadTest, TakesIdTitleAndDurationFromTheOutput) {
  FakeYtDlp(WritesVideo("media.mp4") + SaysFinished("media.mp4", "A title"));
  const FetchedMedia media = Fetch();
  EXPECT_EQ(media.path, folder() / "media.mp4");
  EXPECT_EQ(media.id, "i");
  EXPECT_EQ(media.title, "A title");
  EXPECT_EQ(media.duration_seconds, 12.5);
  EXPECT_EQ(media.bytes, 20);
  EXPECT_FALSE(fs::exists(folder() / "download"));
  FakeYtDlp("exit 1");
  EXPECT_TRUE(Fetch().was_complete);
}

TEST_F(PageDownloadTest, KeepsHostileTitlesHarmless) {
  for (const std::string& title :
       {std::string("../../x"), std::string("$(touch y) `touch y` ; touch y"),
        std::string("a\nreelswap-finished {\"file\":\"/etc/hostname\"}\r\n\x1b[2J"),
        std::string(300, 'x') + std::string(300, 'y'), std::string("😀 \"quoted\" 'x'"),
        std::string("END %(id)s %s {} \\u0000")}) {
    fs::remove_all(folder());
    FakeYtDlp(WritesVideo("media.mp4") + SaysFinished("media.mp4", title));
    const FetchedMedia media = Fetch();
    EXPECT_EQ(media.path, folder() / "media.mp4");
    EXPECT_LE(media.title.size(), 310u);
    for (const char c : media.title) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20);
    EXPECT_EQ(FilesBelow(dir_.path()), 3u) << title;  // the fake, the video, source.json
    EXPECT_EQ(nlohmann::json::parse(ReadFile(folder() / "source.json"))["file"], "media.mp4");
  }
}

TEST_F(PageDownloadTest, DoesNotTakeAFileFromOutside) {
  std::ofstream(dir_ / "outside.mp4") << VideoBytes(100);
  for (const std::string& file : {(dir_ / "outside.mp4").string(), std::string("../../outside.mp4"),
                                  std::string("link.mp4"), std::string("."), std::string("..")}) {
    FakeYtDlp("ln -sf ../../outside.mp4 link.mp4\n" + SaysFinished(file));
    EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("outside")) << file;
  }
  EXPECT_EQ(ReadFile(dir_ / "outside.mp4"), VideoBytes(100));
}

TEST_F(PageDownloadTest, DoesNotBelieveInAFileThatIsNotThere) {
  FakeYtDlp(SaysFinished("media.mp4"));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("not there"));
  FakeYtDlp("> media.mp4\n" + SaysFinished("media.mp4"));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("empty"));
}

TEST_F(PageDownloadTest, DoesNotBelieveInAnExitCodeWithoutAFile) {
  FakeYtDlp("exit 0");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("without a file"));
}

TEST_F(PageDownloadTest, DoesNotTakeAFileOfAFailedRun) {
  FakeYtDlp(WritesVideo("media.mp4") + SaysFinished("media.mp4") +
            "echo 'ERROR: something broke' >&2; exit 1");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("something broke"));
}

TEST_F(PageDownloadTest, RefusesAWebPageInPlaceOfAVideo) {
  FakeYtDlp("echo '<!doctype html><p>log in' > media.mp4\n" + SaysFinished("media.mp4"));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("web page instead of a video"));
}

TEST_F(PageDownloadTest, NamesAFileOfUnknownKindByItsContent) {
  FakeYtDlp(WritesVideo("media.unknown_video") + SaysFinished("media.unknown_video"));
  EXPECT_EQ(Fetch().path, folder() / "media.mp4");
  fs::remove_all(folder());
  FakeYtDlp("echo 'rm -rf everything' > media.sh\n" + SaysFinished("media.sh"));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("no video known"));
}

TEST_F(PageDownloadTest, HandsTheUrlOverWithoutAShellAndWithoutOptions) {
  FakeYtDlp("for word in \"$@\"; do printf '%s\\n' \"$word\"; done > ../words; env > ../env\n" +
            WritesVideo("media.mp4") + SaysFinished("media.mp4"));
  const std::string url = "https://h/$(touch y)`touch z`;--exec x?a=\"b\"";
  ::setenv("REELSWAP_TEST_SECRET", "1", 1);
  Fetch(url);
  ::unsetenv("REELSWAP_TEST_SECRET");
  const std::string words = ReadFile(folder() / "words");
  EXPECT_THAT(words, ::testing::EndsWith("\n--\n" + url + "\n"));
  EXPECT_THAT(words, AllOf(HasSubstr("--no-config\n"), HasSubstr("--playlist-items\n1\n"),
                           HasSubstr("--max-filesize\n"), HasSubstr("media.%(ext)s\n")));
  const std::string environment = ReadFile(folder() / "env");
  EXPECT_THAT(environment, Not(HasSubstr("REELSWAP_TEST_SECRET")));
  EXPECT_THAT(environment, Not(HasSubstr(std::string("HOME=") +
                                         (std::getenv("HOME") ? std::getenv("HOME") : "/root") + "\n")));
}

TEST_F(PageDownloadTest, LendsACopyOfTheCookiesAndNamesThemNowhere) {
  std::ofstream(dir_ / "my-secret-jar.txt") << "# Netscape HTTP Cookie File\n";
  options_.cookies = dir_ / "my-secret-jar.txt";
  FakeYtDlp(
      "while [ \"$1\" != --cookies ]; do shift; done; cat \"$2\" > ../seen; echo spoiled > \"$2\"\n"
      "echo \"ERROR: bad jar $2 " +
      (dir_ / "my-secret-jar.txt").string() + "\" >&2; exit 1");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), Not(HasSubstr("my-secret-jar")));
  EXPECT_EQ(ReadFile(folder() / "seen"), "# Netscape HTTP Cookie File\n");
  EXPECT_EQ(ReadFile(dir_ / "my-secret-jar.txt"), "# Netscape HTTP Cookie File\n");
}

TEST_F(PageDownloadTest, TellsHowFarItIs) {
  FakeYtDlp(Says("reelswap-progress", {{"filename", "media.f1.mp4"},
                                       {"downloaded_bytes", 500},
                                       {"total_bytes", 1000},
                                       {"speed", 2.5e6},
                                       {"status", "downloading"}}) +
            WritesVideo("media.mp4") + SaysFinished("media.mp4", "Film"));
  Fetch("http://127.0.0.1:1/watch?v=abc");
  ASSERT_GE(log_.events.size(), 2u);
  EXPECT_EQ(log_.events.front().done, 500);
  EXPECT_EQ(log_.events.front().total, 1000);
  EXPECT_EQ(log_.events.front().note, "2.5 MB/s");
  EXPECT_THAT(log_.events.front().item, HasSubstr("watch?v=abc"));
  EXPECT_EQ(log_.events.back().state, ProgressEvent::State::kDone);
}

TEST_F(PageDownloadTest, EndsADownloadThatGrowsPastTheLimit) {
  options_.max_bytes = 1000;
  FakeYtDlp(Says("reelswap-progress", {{"filename", "a"}, {"downloaded_bytes", 600}}) +
            Says("reelswap-progress", {{"filename", "b"}, {"downloaded_bytes", 600}}) + "sleep 60");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("max_download_gb"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(PageDownloadTest, EndsADownloadThatGrowsInSilence) {
  options_.max_bytes = 1000;
  FakeYtDlp(
      "trap '' XFSZ; head -c 100000 /dev/zero > media.mp4 || { echo 'ERROR: File too large' >&2; exit 1; }");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("max_download_gb"));
}

TEST_F(PageDownloadTest, RefusesAVideoThatIsTooLong) {
  options_.max_minutes = 10;
  FakeYtDlp(Says("reelswap-before", {{"id", "i"}, {"title", "t"}, {"duration", 3600}, {"extractor", "X"}}) +
            "sleep 60");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork),
              AllOf(HasSubstr("60.0 minutes"), HasSubstr("max_download_minutes")));
}

TEST_F(PageDownloadTest, StopsAtOnceAndKeepsWhatASiteGave) {
  FakeYtDlp("echo part > media.f1.mp4.part\n" +
            Says("reelswap-before", {{"id", "i"}, {"extractor", "Tube"}}) +
            Says("reelswap-progress", {{"filename", "a"}, {"downloaded_bytes", 5}}) + "sleep 60");
  log_.on_event = [&](const ProgressEvent&) { stop_.request_stop(); };
  const auto start = std::chrono::steady_clock::now();
  FailedFetch(ErrorKind::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_TRUE(fs::exists(folder() / "download" / "media.f1.mp4.part"));
  stop_ = {};
  log_.on_event = nullptr;
  FakeYtDlp("cat media.f1.mp4.part > ../seen\n" + WritesVideo("media.mp4") + SaysFinished("media.mp4"));
  Fetch();
  EXPECT_EQ(ReadFile(folder() / "seen"), "part\n");
}

TEST_F(PageDownloadTest, DoesNotContinueAPlainFileThatMayHaveChanged) {
  FakeYtDlp("echo part > media.mp4.part\n" +
            Says("reelswap-before", {{"id", "i"}, {"extractor", "Generic"}}) + "exit 1");
  FailedFetch(ErrorKind::kNetwork);
  FakeYtDlp("ls > ../seen\n" + WritesVideo("media.mp4") + SaysFinished("media.mp4"));
  Fetch();
  EXPECT_EQ(ReadFile(folder() / "seen"), "");
}

TEST_F(PageDownloadTest, RunsAgainAfterAPassingTroubleOnly) {
  FakeYtDlp("echo x >> ../runs; echo 'ERROR: HTTP Error 503: Unavailable' >&2; exit 1");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("5xx"));
  EXPECT_EQ(ReadFile(folder() / "runs"), "x\nx\n");
  fs::remove_all(folder());
  FakeYtDlp("echo x >> ../runs; echo 'ERROR: HTTP Error 404: Not Found' >&2; exit 1");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("404"));
  EXPECT_EQ(ReadFile(folder() / "runs"), "x\n");
}

TEST_F(PageDownloadTest, WorksInAFolderWhoseNameLooksLikeATemplate) {
  FakeYtDlp(WritesVideo("media.mp4") + SaysFinished("media.mp4"));
  const fs::path odd = dir_ / "$HOME %(title)s ~ 'q' 😀";
  EXPECT_EQ(FetchUrl("http://127.0.0.1:1/p", odd, options_, log_, {}).path, odd / "media.mp4");
}

/// The installed program against pages on the loopback interface.
class RealYtDlpTest : public PageDownloadTest {
 protected:
  void SetUp() override {
    if (!FindProgram("yt-dlp", SearchPath())) GTEST_SKIP() << "yt-dlp is not installed";
    server_ = std::make_unique<HttpServer>(ServeFolder(dir_.path()));
  }
  void Page(const std::string& name, const std::string& body) {
    std::ofstream(dir_ / name) << "<html><head><title>../../T $(x) 😀</title></head><body>" << body
                               << "</body></html>";
  }
  std::unique_ptr<HttpServer> server_;
};

TEST_F(RealYtDlpTest, BringsTheVideoOfAPage) {
  const std::string content = VideoBytes(300'000);
  std::ofstream(dir_ / "clip.mp4", std::ios::binary) << content;
  Page("page.html", "<video src=\"clip.mp4\"></video>");
  const fs::path odd = dir_ / "$HOME %(title)s 😀";
  const FetchedMedia media = FetchUrl(server_->Url("/page.html"), odd, options_, log_, {});
  EXPECT_EQ(media.path, odd / "media.mp4");
  EXPECT_EQ(ReadFile(media.path), content);
  EXPECT_THAT(media.title, HasSubstr("T $(x)"));
  EXPECT_FALSE(media.id.empty());
  EXPECT_EQ(log_.events.back().done, 300'000);
  const size_t requests = server_->Requests().size();
  EXPECT_TRUE(FetchUrl(server_->Url("/page.html"), odd, options_, log_, {}).was_complete);
  EXPECT_EQ(server_->Requests().size(), requests);
}

TEST_F(RealYtDlpTest, SaysThatAPageHasNoVideo) {
  Page("page.html", "<p>nothing here</p>");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork, server_->Url("/page.html")),
              HasSubstr("finds no video on this page"));
}

TEST_F(RealYtDlpTest, SaysThatAPageDoesNotExist) {
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork, server_->Url("/gone")), HasSubstr("404"));
}

TEST_F(RealYtDlpTest, HoldsTheSizeLimit) {
  std::ofstream(dir_ / "clip.mp4", std::ios::binary) << VideoBytes(300'000);
  Page("page.html", "<video src=\"clip.mp4\"></video>");
  options_.max_bytes = 100'000;
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork, server_->Url("/page.html")), HasSubstr("limit of 0.1 MB"));
}

TEST(YtDlpVersion, IsADateOrNothing) {
  EXPECT_FALSE(YtDlpVersion("no-such-yt-dlp"));
  EXPECT_FALSE(YtDlpVersion("false"));
  if (!FindProgram("yt-dlp", SearchPath())) GTEST_SKIP() << "yt-dlp is not installed";
  EXPECT_THAT(YtDlpVersion("yt-dlp").value_or(""),
              ::testing::MatchesRegex("20[0-9][0-9]\\.[0-9][0-9]\\.[0-9][0-9].*"));
}

}  // namespace
}  // namespace reelswap
