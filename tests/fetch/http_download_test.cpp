#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "fetch/fetch.h"
#include "testing/http_server.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace reelswap::testing;  // NOLINT: the fixtures of this file

/// Bytes that look like a video's beginning and never repeat, so that a wrong seam shows.
std::string VideoBytes(size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string bytes(
      "\0\0\0\x20"
      "ftypisom",
      12);
  while (bytes.size() < size) bytes += static_cast<char>(random());
  return bytes;
}

ServedFile Video(std::string content) {
  ServedFile file;
  file.content = std::move(content);
  return file;
}

/// Records events, and calls a hook for each.
class Watcher : public ProgressSink {
 public:
  std::function<void(const ProgressEvent&)> on_event;
  void Report(const ProgressEvent& event) override {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    }
    if (on_event) on_event(event);
  }
  std::vector<ProgressEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ProgressEvent> events_;
};

class DirectDownloadTest : public ::testing::Test {
 protected:
  DirectDownloadTest() {
    options_.max_attempts = 3;
    options_.first_backoff_seconds = 0.005;
    options_.stall_seconds = 0.25;
    options_.connect_timeout_seconds = 5;
  }

  void Serve(HttpHandler handler) { server_ = std::make_unique<HttpServer>(std::move(handler)); }
  void Serve(const std::string& content) { Serve(ServeFile(Video(content))); }

  FetchedMedia Fetch(const std::string& path = "/clip.mp4") {
    return FetchUrl(server_->Url(path), folder(), options_, watcher_, stop_.get_token());
  }

  /// The error of a fetch that has to fail; nothing may lie under a final name then.
  std::string FailedFetch(ErrorKind kind, const std::string& path = "/clip.mp4") {
    try {
      Fetch(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_FALSE(fs::exists(folder() / "media.mp4"));
      EXPECT_FALSE(fs::exists(folder() / "source.json"));
      return error.what();
    }
    ADD_FAILURE() << "the download did not fail";
    return {};
  }

  fs::path folder() const { return dir_ / "source"; }
  fs::path part() const { return folder() / "media.mp4.part"; }
  size_t PartBytes() const { return fs::exists(part()) ? fs::file_size(part()) : 0; }
  size_t RequestCount() const { return server_->Requests().size(); }

  TempDir dir_;
  std::unique_ptr<HttpServer> server_;
  FetchOptions options_;
  Watcher watcher_;
  std::stop_source stop_;
};

TEST_F(DirectDownloadTest, BringsTheFileAndDescribesIt) {
  const std::string content = VideoBytes(3'000'000);
  Serve(content);
  const FetchedMedia media = Fetch("/some/clip.MP4?x=1");
  EXPECT_EQ(media.path, folder() / "media.mp4");
  EXPECT_EQ(ReadFile(media.path), content);
  EXPECT_EQ(media.bytes, 3'000'000);
  EXPECT_EQ(media.sha256, Sha256OfBytes(content));
  EXPECT_EQ(media.url, server_->Url("/some/clip.MP4?x=1"));
  EXPECT_FALSE(media.was_complete);
  const auto json = nlohmann::json::parse(ReadFile(folder() / "source.json"));
  EXPECT_EQ(json["sha256"], media.sha256);
  EXPECT_EQ(json["etag"], "\"v1\"");
  EXPECT_EQ(json["file"], "media.mp4");
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_FALSE(fs::exists(part().string() + ".json"));
  EXPECT_EQ(RequestCount(), 1u);
}

TEST_F(DirectDownloadTest, TellsHowFarItIs) {
  Serve(VideoBytes(1'000'000));
  Fetch();
  const auto events = watcher_.events();
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events.front().stage, "fetch");
  EXPECT_EQ(events.front().unit, "bytes");
  EXPECT_EQ(events.front().total, 1'000'000);
  EXPECT_THAT(events.front().item, AllOf(HasSubstr("127.0.0.1"), HasSubstr("clip.mp4")));
  EXPECT_EQ(events.back().state, ProgressEvent::State::kDone);
  EXPECT_EQ(events.back().done, 1'000'000);
}

TEST_F(DirectDownloadTest, DoesNotFetchAFinishedSourceAgain) {
  Serve(VideoBytes(1000));
  const FetchedMedia first = Fetch();
  const FetchedMedia again = Fetch();
  EXPECT_TRUE(again.was_complete);
  EXPECT_EQ(again.sha256, first.sha256);
  EXPECT_EQ(RequestCount(), 1u);
  EXPECT_EQ(watcher_.events().back().state, ProgressEvent::State::kSkipped);
}

TEST_F(DirectDownloadTest, FetchesAgainWhenTheFileIsGone) {
  Serve(VideoBytes(1000));
  fs::remove(Fetch().path);
  EXPECT_FALSE(Fetch().was_complete);
  EXPECT_EQ(RequestCount(), 2u);
}

TEST_F(DirectDownloadTest, ResumesAfterAStopByteForByte) {
  const std::string content = VideoBytes(3'000'000);
  ServedFile file;
  file.content = content;
  Serve(CutFirst(1, 1'000'000, ServeFile(file), /*stall=*/true));
  options_.stall_seconds = 30;
  watcher_.on_event = [&](const ProgressEvent& event) {
    if (event.done > 0) stop_.request_stop();
  };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(FailedFetch(ErrorKind::kCancelled), HasSubstr("interrupted"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  const size_t kept = PartBytes();
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept, 1'000'000u);
  stop_ = {};
  watcher_.on_event = nullptr;
  EXPECT_EQ(ReadFile(Fetch().path), content);
  const auto requests = server_->Requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].Header("range"), "bytes=" + std::to_string(kept) + "-");
  EXPECT_EQ(requests[1].Header("if-range"), "\"v1\"");
}

TEST_F(DirectDownloadTest, ResumesATruncatedAnswerByItself) {
  ServedFile file;
  file.content = VideoBytes(500'000);
  Serve(CutFirst(2, 100'000, ServeFile(file)));
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  const auto requests = server_->Requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].Header("range"), "bytes=100000-");
  EXPECT_EQ(requests[2].Header("range"), "bytes=200000-");
}

TEST_F(DirectDownloadTest, ResumesAStalledAnswer) {
  ServedFile file;
  file.content = VideoBytes(500'000);
  file.etag.clear();
  file.last_modified = "Mon, 01 Jan 2024 00:00:00 GMT";
  Serve(CutFirst(1, 100'000, ServeFile(file), /*stall=*/true));
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  ASSERT_EQ(RequestCount(), 2u);
  EXPECT_EQ(server_->Requests()[1].Header("if-range"), file.last_modified);
}

TEST_F(DirectDownloadTest, GivesUpOnAServerThatAlwaysStalls) {
  ServedFile file;
  file.content = VideoBytes(1000);
  Serve(CutFirst(100, 0, ServeFile(file), /*stall=*/true));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork),
              AllOf(HasSubstr("no data for 0.25 s"), HasSubstr("tried 3 times")));
}

TEST_F(DirectDownloadTest, StartsOverWhenTheFileChanged) {
  const std::string after = VideoBytes(400'000, 2);
  Serve([&, n = std::make_shared<std::atomic<int>>(0)](const HttpRequest& request) {
    ServedFile file;
    const bool first = n->fetch_add(1) == 0;
    file.content = first ? VideoBytes(400'000, 1) : after;
    file.etag = first ? "\"old\"" : "\"new\"";
    HttpResponse response = AnswerWith(file, request);
    if (first) response.cut_after = 100'000;
    return response;
  });
  EXPECT_EQ(ReadFile(Fetch().path), after);
  EXPECT_EQ(server_->Requests()[1].Header("if-range"), "\"old\"");
}

TEST_F(DirectDownloadTest, StartsOverWhenAServerIgnoresIfRange) {
  const std::string after = VideoBytes(400'000, 2);
  Serve([&, n = std::make_shared<std::atomic<int>>(0)](const HttpRequest& request) {
    HttpRequest without = request;
    without.headers.erase("if-range");
    ServedFile file;
    const bool first = n->fetch_add(1) == 0;
    file.content = first ? VideoBytes(400'000, 1) : after;
    file.etag = first ? "\"old\"" : "\"new\"";
    HttpResponse response = AnswerWith(file, without);
    if (first) response.cut_after = 100'000;
    return response;
  });
  EXPECT_EQ(ReadFile(Fetch().path), after);
}

TEST_F(DirectDownloadTest, StartsOverWhenTheServerKnowsNoRanges) {
  const std::string content = VideoBytes(400'000);
  Serve([&, n = std::make_shared<std::atomic<int>>(0)](const HttpRequest&) {
    HttpResponse response;
    response.headers = {{"Content-Type", "video/mp4"}, {"ETag", "\"v\""}};
    response.body = content;
    if (n->fetch_add(1) == 0) response.cut_after = 100'000;
    return response;
  });
  EXPECT_EQ(ReadFile(Fetch().path), content);
}

TEST_F(DirectDownloadTest, DoesNotResumeWithoutAValidator) {
  ServedFile file;
  file.content = VideoBytes(400'000);
  file.etag = "W/\"weak\"";
  Serve(CutFirst(1, 100'000, ServeFile(file)));
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  EXPECT_EQ(server_->Requests()[1].Header("range"), "");
}

TEST_F(DirectDownloadTest, DoesNotBelieveAWrongContentRange) {
  ServedFile file;
  file.content = VideoBytes(400'000);
  Serve(CutFirst(1, 100'000, [&](const HttpRequest& request) {
    HttpResponse response = AnswerWith(file, request);
    for (auto& [name, value] : response.headers) {
      if (name == "Content-Range") value = "bytes 100010-399999/400000";
    }
    return response;
  }));
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  EXPECT_EQ(RequestCount(), 3u);
  EXPECT_EQ(server_->Requests()[2].Header("range"), "");
}

TEST_F(DirectDownloadTest, DropsAPartThatTheServerCannotContinue) {
  ServedFile file;
  file.content = VideoBytes(400'000);
  Serve(CutFirst(1, 100'000, [&](const HttpRequest& request) {
    return request.Header("range").empty() ? AnswerWith(file, request) : Refuse(416);
  }));
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  EXPECT_EQ(RequestCount(), 3u);
}

TEST_F(DirectDownloadTest, FinishesAPartThatIsAlreadyWhole) {
  ServedFile file;
  file.content = VideoBytes(400'000);
  Serve(CutFirst(1, 399'999, ServeFile(file), /*stall=*/true));
  options_.max_attempts = 1;
  FailedFetch(ErrorKind::kNetwork);
  std::ofstream(part(), std::ios::binary | std::ios::app) << file.content.back();  // killed before the rename
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  EXPECT_EQ(server_->Requests()[1].Header("range"), "bytes=399999-");
}

TEST_F(DirectDownloadTest, IgnoresAPartOfAnotherUrlOrWithADamagedNote) {
  ServedFile file;
  file.content = VideoBytes(400'000);
  Serve(CutFirst(1, 100'000, ServeFile(file)));
  options_.max_attempts = 1;
  FailedFetch(ErrorKind::kNetwork, "/other.mp4");
  EXPECT_EQ(PartBytes(), 100'000u);
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
  EXPECT_EQ(server_->Requests()[1].Header("range"), "");
  fs::remove(folder() / "source.json");
  std::ofstream(part()) << "rubbish";
  std::ofstream(part().string() + ".json") << "{\"url_sha256\": 5";
  EXPECT_EQ(ReadFile(Fetch().path), file.content);
}

TEST_F(DirectDownloadTest, TriesAClientErrorOnce) {
  for (const int status : {400, 401, 403, 404, 410, 418, 451}) {
    Serve([&](const HttpRequest&) { return Refuse(status); });
    const std::string sentence = FailedFetch(ErrorKind::kNetwork);
    EXPECT_THAT(sentence, AllOf(HasSubstr("HTTP status " + std::to_string(status)),
                                HasSubstr(server_->Url("/clip.mp4"))));
    EXPECT_EQ(RequestCount(), 1u) << status;
  }
}

TEST_F(DirectDownloadTest, TriesAServerErrorAgain) {
  for (const int status : {500, 502, 503, 504, 429, 408}) {
    Serve(FailFirst(2, status, ServeFile(Video(VideoBytes(1000)))));
    fs::remove_all(folder());
    EXPECT_EQ(Fetch().bytes, 1000);
    EXPECT_EQ(RequestCount(), 3u) << status;
  }
}

TEST_F(DirectDownloadTest, GivesUpAfterTheLastAttempt) {
  Serve(FailFirst(100, 503, ServeFile(Video(VideoBytes(1000)))));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), AllOf(HasSubstr("503"), HasSubstr("tried 3 times")));
  EXPECT_EQ(RequestCount(), 3u);
}

TEST_F(DirectDownloadTest, HonoursRetryAfter) {
  Serve(FailFirst(1, 503, ServeFile(Video(VideoBytes(1000))), /*retry_after_seconds=*/1));
  const auto start = std::chrono::steady_clock::now();
  Fetch();
  EXPECT_GE(std::chrono::steady_clock::now() - start,
            std::chrono::milliseconds(990));  // 1 s, clocks differ by less
}

TEST_F(DirectDownloadTest, ReturnsAtOnceWhenStoppedWhileWaiting) {
  Serve(FailFirst(100, 503, ServeFile(Video(VideoBytes(1000))), /*retry_after_seconds=*/50));
  watcher_.on_event = [&](const ProgressEvent& event) {
    if (event.note.find("again in") != std::string::npos) stop_.request_stop();
  };
  const auto start = std::chrono::steady_clock::now();
  FailedFetch(ErrorKind::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(DirectDownloadTest, TriesARefusedConnectionAgain) {
  Serve(std::string("x"));
  const std::string url = server_->Url("/clip.mp4");
  server_.reset();
  try {
    FetchUrl(url, folder(), options_, watcher_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNetwork);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("tried 3 times"), HasSubstr("127.0.0.1")));
  }
}

TEST_F(DirectDownloadTest, HoldsTheSizeLimitByTheDeclaredLength) {
  Serve(VideoBytes(200'000));
  options_.max_bytes = 100'000;
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("limit of 0.1 MB"));
  EXPECT_EQ(RequestCount(), 1u);
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(DirectDownloadTest, HoldsTheSizeLimitWithoutADeclaredLength) {
  Serve([](const HttpRequest&) {
    HttpResponse response;
    response.body = VideoBytes(200'000);
    response.with_length = false;
    return response;
  });
  options_.max_bytes = 100'000;
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("limit of 0.1 MB"));
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(DirectDownloadTest, TakesAnAnswerWithoutALength) {
  const std::string content = VideoBytes(200'000);
  Serve([&](const HttpRequest&) {
    HttpResponse response;
    response.body = content;
    response.with_length = false;
    return response;
  });
  EXPECT_EQ(ReadFile(Fetch().path), content);
}

TEST_F(DirectDownloadTest, FollowsAFewRedirectsOnly) {
  Serve([](const HttpRequest& request) {
    const int left = std::stoi(request.Path().substr(1));
    return left > 0 ? RedirectTo("/" + std::to_string(left - 1) + ".mp4")
                    : AnswerWith(Video(VideoBytes(1000)), request);
  });
  options_.max_redirects = 3;
  EXPECT_EQ(Fetch("/3.mp4").bytes, 1000);
  fs::remove_all(folder());
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork, "/4.mp4"), HasSubstr("more than 3 redirects"));
}

TEST_F(DirectDownloadTest, EndsARedirectLoop) {
  Serve([](const HttpRequest&) { return RedirectTo("/clip.mp4"); });
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("more than 10 redirects"));
  EXPECT_EQ(RequestCount(), 11u);
}

TEST_F(DirectDownloadTest, IsNotLedToOtherProtocols) {
  for (const char* target : {"file:///etc/hostname", "ftp://127.0.0.1:1/x.mp4", "gopher://127.0.0.1:1/x"}) {
    Serve([&](const HttpRequest&) { return RedirectTo(target); });
    EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("another protocol")) << target;
    EXPECT_EQ(RequestCount(), 1u);
  }
  for (const char* url : {"file:///etc/hostname.mp4", "ftp://x/y.mp4", "javascript:alert(1)", ""}) {
    EXPECT_THROW(FetchUrl(url, folder(), options_, watcher_, {}), Error) << url;
  }
}

TEST_F(DirectDownloadTest, RefusesAWebPageByItsType) {
  Serve([](const HttpRequest&) {
    return HttpResponse{200, {{"Content-Type", "text/html"}}, "please log in", true, {}, false};
  });
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("answered with a web page instead of a video"));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork, "/a.jpg"), HasSubstr("instead of a picture"));
  EXPECT_EQ(RequestCount(), 2u);
}

TEST_F(DirectDownloadTest, RefusesAWebPageByItsContent) {
  Serve(std::string("  <!DOCTYPE html><html><body>please log in</body></html>"));
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("answered with a web page instead of a video"));
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(DirectDownloadTest, RefusesAnEmptyAnswer) {
  Serve(std::string());
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork), HasSubstr("is empty"));
  EXPECT_EQ(RequestCount(), 1u);
}

/// gzip with stored blocks: no library needed.
std::string Gzipped(const std::string& text) {
  const auto little = [](uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
  };
  uint32_t crc = ~0u;
  for (const unsigned char c : text) {
    crc ^= c;
    for (int i = 0; i < 8; ++i) crc = crc & 1 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
  }
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  for (size_t begin = 0; begin < text.size(); begin += 65535) {
    const uint32_t size = static_cast<uint32_t>(std::min<size_t>(65535, text.size() - begin));
    out += static_cast<char>(begin + size == text.size());
    out += little(size, 2) + little(~size, 2) + text.substr(begin, size);
  }
  return out + little(~crc, 4) + little(static_cast<uint32_t>(text.size()), 4);
}

TEST_F(DirectDownloadTest, UndoesACompressionThatNobodyAskedFor) {
  const std::string content = VideoBytes(200'000);
  Serve(CutFirst(1, 100'000, [&](const HttpRequest& request) {
    ServedFile file;
    file.content = Gzipped(content);
    HttpResponse response = AnswerWith(file, request);
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
  }));
  EXPECT_EQ(ReadFile(Fetch().path), content);
  EXPECT_EQ(server_->Requests()[0].Header("accept-encoding"), "identity");
  EXPECT_EQ(server_->Requests()[1].Header("range"), "");  // a part of compressed bytes cannot be continued
}

TEST_F(DirectDownloadTest, TakesPlainBytesThatCallThemselvesCompressed) {
  const std::string content = VideoBytes(200'000);
  Serve([&](const HttpRequest& request) {
    HttpResponse response = AnswerWith(Video(content), request);
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
  });
  EXPECT_EQ(ReadFile(Fetch().path), content);
}

TEST_F(DirectDownloadTest, ComparesTheExpectedSum) {
  const std::string content = VideoBytes(1000);
  Serve(content);
  options_.expected_sha256 = Sha256OfBytes("something else");
  EXPECT_THAT(FailedFetch(ErrorKind::kNetwork),
              AllOf(HasSubstr(Sha256OfBytes(content)), HasSubstr(*options_.expected_sha256)));
  EXPECT_FALSE(fs::exists(part()));
  options_.expected_sha256 = Sha256OfBytes(content);
  EXPECT_EQ(Fetch().sha256, Sha256OfBytes(content));
}

TEST_F(DirectDownloadTest, FetchesAgainWhenAnotherSumIsExpected) {
  Serve(VideoBytes(1000, 1));
  Fetch();
  Serve(VideoBytes(1000, 2));  // another port, so another URL
  options_.expected_sha256 = Sha256OfBytes(VideoBytes(1000, 2));
  EXPECT_FALSE(Fetch().was_complete);
  options_.expected_sha256 = Sha256OfBytes("changed upload");
  EXPECT_THROW(Fetch(), Error);
  EXPECT_EQ(ReadFile(folder() / "media.mp4"), VideoBytes(1000, 2));  // what was finished stays
}

TEST_F(DirectDownloadTest, SaysWhenTheDiskIsFull) {
  Serve(VideoBytes(1'000'000));
  // A file size limit refuses the write as a full disk does (EFBIG for ENOSPC).
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{300'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string sentence = FailedFetch(ErrorKind::kDisk);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(sentence, AllOf(HasSubstr("media.mp4.part"), HasSubstr("File too large")));
  EXPECT_EQ(PartBytes(), 300'000u);  // kept: the next run goes on from here
  EXPECT_EQ(ReadFile(Fetch().path), VideoBytes(1'000'000));
  EXPECT_EQ(server_->Requests()[1].Header("range"), "bytes=300000-");
}

TEST_F(DirectDownloadTest, SaysWhenTheFolderCannotBeMade) {
  Serve(VideoBytes(1000));
  std::ofstream(dir_ / "source") << "a file";
  try {
    Fetch();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDisk);
  }
  EXPECT_EQ(RequestCount(), 0u);
}

TEST_F(DirectDownloadTest, NeverWritesThroughALinkInPlaceOfThePart) {
  Serve(VideoBytes(1000));
  fs::create_directories(folder());
  std::ofstream(dir_ / "victim") << "precious";
  fs::create_symlink(dir_ / "victim", part());
  Fetch();
  EXPECT_EQ(ReadFile(dir_ / "victim"), "precious");
}

TEST_F(DirectDownloadTest, KeepsHostileNamesOutOfTheFileSystem) {
  for (const char* path :
       {"/../../etc/x.mp4", "/a/%2e%2e/%2e%2e/x.mp4", "/\"quoted\" 'name' $(touch y) 😀.mp4",
        "/..%2f..%2fx.mp4", "/x.mp4?name=../../y.sh#../z"}) {
    Serve(VideoBytes(1000));
    fs::remove_all(folder());
    EXPECT_EQ(Fetch(path).path, folder() / "media.mp4") << path;
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) files += entry.is_regular_file();
    EXPECT_EQ(files, 2u) << path;  // the video and source.json
  }
}

TEST_F(DirectDownloadTest, AcceptsAVeryLongUrl) {
  Serve(VideoBytes(1000));
  EXPECT_EQ(Fetch("/" + std::string(5000, 'x') + ".mp4").path, folder() / "media.mp4");
}

TEST_F(DirectDownloadTest, KeepsSecretsOutOfErrorsAndRecords) {
  Serve([](const HttpRequest& request) {
    return request.Path() == "/clip.mp4" ? AnswerWith(Video(VideoBytes(1000)), request) : Refuse(404);
  });
  const std::string base = "http://bob:hunter2@127.0.0.1:" + std::to_string(server_->port());
  try {
    FetchUrl(base + "/gone.mp4?token=abcd1234", folder(), options_, watcher_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("abcd1234")), HasSubstr("gone.mp4")));
  }
  FetchUrl(base + "/clip.mp4?token=abcd1234", folder(), options_, watcher_, {});
  EXPECT_EQ(server_->Requests()[1].Header("authorization").substr(0, 6), "Basic ");
  EXPECT_THAT(ReadFile(folder() / "source.json"),
              AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("abcd1234"))));
  for (const ProgressEvent& event : watcher_.events()) {
    EXPECT_THAT(event.item + event.note, AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("abcd1234"))));
  }
}

TEST_F(DirectDownloadTest, SendsCookiesAndLeavesTheirFileAlone) {
  Serve(VideoBytes(1000));
  const std::string jar = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tsweet\n";
  std::ofstream(dir_ / "jar.txt") << jar;
  options_.cookies = dir_ / "jar.txt";
  Fetch();
  EXPECT_EQ(server_->Requests()[0].Header("cookie"), "session=sweet");
  EXPECT_EQ(ReadFile(dir_ / "jar.txt"), jar);
  options_.cookies = dir_ / "absent-jar.txt";
  fs::remove_all(folder());
  EXPECT_THAT(FailedFetch(ErrorKind::kProject), Not(HasSubstr("absent-jar")));
}

TEST_F(DirectDownloadTest, StopsBeforeTheFirstRequest) {
  Serve(VideoBytes(1000));
  stop_.request_stop();
  FailedFetch(ErrorKind::kCancelled);
  EXPECT_EQ(RequestCount(), 0u);
}

TEST_F(DirectDownloadTest, TurnsASecondRunOnTheSameFolderAway) {
  Serve(CutFirst(1, 1000, ServeFile(Video(VideoBytes(100'000)))));
  std::string second;
  watcher_.on_event = [&](const ProgressEvent& event) {
    if (event.state != ProgressEvent::State::kRunning || !second.empty()) return;
    NullProgress quiet;
    try {
      FetchUrl(server_->Url("/clip.mp4"), folder(), options_, quiet, {});
    } catch (const Error& error) {
      second = error.what();
    }
  };
  EXPECT_EQ(Fetch().bytes, 100'000);
  EXPECT_THAT(second, HasSubstr("another run"));
}

TEST_F(DirectDownloadTest, RunsSeveralDownloadsAtOnce) {
  Serve([](const HttpRequest& request) {
    return AnswerWith(Video(VideoBytes(300'000, static_cast<unsigned>(request.Path().at(1)))), request);
  });
  std::vector<std::jthread> threads;
  for (char name = 'a'; name < 'g'; ++name) {
    threads.emplace_back([&, name] {
      FetchUrl(server_->Url(std::string("/") + name + ".mp4"), dir_ / std::string(1, name), options_,
               watcher_, {});
    });
  }
  threads.clear();
  for (char name = 'a'; name < 'g'; ++name) {
    EXPECT_EQ(ReadFile(dir_ / std::string(1, name) / "media.mp4"),
              VideoBytes(300'000, static_cast<unsigned>(name)));
  }
}

TEST(HttpServer, ServesAFolderAndNothingBesideIt) {
  TempDir dir;
  fs::create_directories(dir / "open");
  std::ofstream(dir / "open" / "a b.mp4") << VideoBytes(1000);
  std::ofstream(dir / "secret.mp4") << VideoBytes(1000);
  HttpServer server(ServeFolder(dir / "open"));
  NullProgress quiet;
  EXPECT_EQ(FetchUrl(server.Url("/a b.mp4"), dir / "one", {}, quiet, {}).bytes, 1000);
  EXPECT_THROW(FetchUrl(server.Url("/..%2fsecret.mp4"), dir / "two", {}, quiet, {}), Error);
}

}  // namespace
}  // namespace reelswap
