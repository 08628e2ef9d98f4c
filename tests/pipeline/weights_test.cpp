#include "pipeline/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "core/files.h"
#include "testing/http_server.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::HttpServer;
using testing::ServedFile;
using testing::TempDir;

ServedFile Served(const std::string& content) {
  ServedFile file;
  file.content = content;
  file.content_type = "application/octet-stream";
  return file;
}

/// A weights folder of the test's own, and a file to put there.
class Weights : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("REELSWAP_WEIGHTS", folder.c_str(), 1);
    ::unsetenv("REELSWAP_IDENTITY_WEIGHTS");
  }
  void TearDown() override { ::unsetenv("REELSWAP_WEIGHTS"); }

  WeightsEntry Entry(const std::string& url) const {
    WeightsEntry entry;
    entry.name = "face_model";
    entry.purpose = "a test";
    entry.licence = "MIT";
    entry.url = url;
    entry.bytes = static_cast<int64_t>(content.size());
    entry.sha256 = Sha256OfBytes(content);
    return entry;
  }
  PulledWeights Pull(const WeightsEntry& entry, const std::string& mirror = "") {
    NullProgress progress;
    return PullWeights(entry, mirror, progress, {});
  }
  std::string Refusal(const WeightsEntry& entry, ErrorKind kind, const std::string& mirror = "") {
    try {
      Pull(entry, mirror);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "pulled";
    return "";
  }
  /// Everything in the weights folder.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    if (!fs::exists(folder)) return names;
    for (const auto& file : fs::recursive_directory_iterator(folder)) names.push_back(file.path().filename().string());
    return names;
  }

  TempDir dir;
  const fs::path folder = dir / "weights";
  std::string content = "weights\0of a network" + std::string(300000, 'w');
};

TEST_F(Weights, AreDownloadedCheckedAndLeftAloneAfterwards) {
  const HttpServer server(testing::ServeFile(Served(content)));
  const WeightsEntry entry = Entry(server.Url("/raw/face.dat"));
  const PulledWeights pulled = Pull(entry);
  EXPECT_FALSE(pulled.was_there);
  EXPECT_EQ(pulled.path, folder / "face.dat");
  EXPECT_EQ(ReadFile(pulled.path), content);
  EXPECT_EQ(Files(), std::vector<std::string>{"face.dat"});
  const size_t requests = server.Requests().size();
  EXPECT_TRUE(Pull(entry).was_there);
  EXPECT_EQ(server.Requests().size(), requests);
}

TEST_F(Weights, GoOnWhereADownloadBrokeOff) {
  const HttpServer server(testing::CutFirst(1, 100000, testing::ServeFile(Served(content))));
  Pull(Entry(server.Url("/face.dat")));
  EXPECT_EQ(ReadFile(folder / "face.dat"), content);
  ASSERT_EQ(server.Requests().size(), 2u);
  EXPECT_EQ(server.Requests()[1].Header("range"), "bytes=100000-");
}

TEST_F(Weights, OfAnotherContentNeverAppear) {
  const HttpServer server([this](const testing::HttpRequest& request) {
    std::string other = content;
    other[5] ^= 1;
    return testing::AnswerWith(Served(other), request);
  });
  EXPECT_THAT(Refusal(Entry(server.Url("/face.dat")), ErrorKind::kNetwork), HasSubstr("SHA-256"));
  EXPECT_FALSE(fs::exists(folder / "face.dat"));
}

TEST_F(Weights, BehindALoginPageAreRefused) {
  const HttpServer server([](const testing::HttpRequest&) { return testing::HtmlPage("<html>log in</html>"); });
  EXPECT_THAT(Refusal(Entry(server.Url("/face.dat")), ErrorKind::kNetwork), HasSubstr("web page instead of a file"));
  EXPECT_TRUE(Files().empty());
}

TEST_F(Weights, ReplaceADamagedFile) {
  WriteFileAtomically(folder / "face.dat", "torn");
  const HttpServer server(testing::ServeFile(Served(content)));
  EXPECT_FALSE(Pull(Entry(server.Url("/face.dat"))).was_there);
  EXPECT_EQ(ReadFile(folder / "face.dat"), content);
}

TEST_F(Weights, ComeFromAMirrorOnTheWeb) {
  const HttpServer server(testing::ServeFile(Served(content)));
  Pull(Entry("https://unreachable.invalid/raw/face.dat"), server.Url("/mirror/"));
  EXPECT_EQ(ReadFile(folder / "face.dat"), content);
  EXPECT_EQ(server.Requests().at(0).Path(), "/mirror/face.dat");
}

TEST_F(Weights, AreCopiedFromAFolder) {
  const WeightsEntry entry = Entry("https://unreachable.invalid/raw/face.dat");
  WriteFileAtomically(dir / "my mirror/face.dat", content);
  for (const std::string& mirror :
       {(dir / "my mirror").string(), "file://" + dir.path().string() + "/my%20mirror", (dir / "my mirror/face.dat").string()}) {
    EXPECT_FALSE(Pull(entry, mirror).was_there) << mirror;
    EXPECT_EQ(ReadFile(folder / "face.dat"), content);
    EXPECT_EQ(Files(), std::vector<std::string>{"face.dat"});
    fs::remove(folder / "face.dat");
  }
  EXPECT_TRUE(fs::exists(dir / "my mirror/face.dat"));
}

TEST_F(Weights, OfAFolderAreCheckedToo) {
  const WeightsEntry entry = Entry("https://unreachable.invalid/face.dat");
  EXPECT_THAT(Refusal(entry, ErrorKind::kDisk, (dir / "nowhere").string()), HasSubstr("there is no file"));
  WriteFileAtomically(dir / "face.dat", content.substr(1));
  EXPECT_THAT(Refusal(entry, ErrorKind::kModel, dir.path().string()), HasSubstr("bytes"));
  WriteFileAtomically(dir / "face.dat", std::string(content.size(), 'x'));
  EXPECT_THAT(Refusal(entry, ErrorKind::kModel, dir.path().string()), HasSubstr("SHA-256"));
  EXPECT_TRUE(Files().empty());
}

TEST_F(Weights, WithoutASumOrPackedAreNotPulled) {
  WeightsEntry entry = Entry("https://unreachable.invalid/face.dat");
  entry.sha256.clear();
  entry.package = "libface-data";
  EXPECT_THAT(Refusal(entry, ErrorKind::kModel), AllOf(HasSubstr("no SHA-256"), HasSubstr("apt-get install libface-data")));
  EXPECT_THAT(Refusal(Entry("https://unreachable.invalid/face.dat.bz2"), ErrorKind::kModel),
              AllOf(HasSubstr("bzip2"), HasSubstr("bunzip2")));
}

TEST_F(Weights, StopWhenTheUserSaysSo) {
  const HttpServer server(testing::ServeFile(Served(content)));
  std::stop_source stop;
  stop.request_stop();
  NullProgress progress;
  try {
    PullWeights(Entry(server.Url("/face.dat")), "", progress, stop.get_token());
    FAIL() << "pulled";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kCancelled);
  }
}

TEST_F(Weights, AreChosenByNameWithTheIdentityOnesAsDefault) {
  WeightsEntry identity = Entry("https://example.org/a.dat"), other = Entry("https://example.org/b.dat");
  identity.name = kIdentityWeightsName;
  const std::vector<WeightsEntry> catalog{other, identity};
  ASSERT_EQ(ChooseWeights(catalog, {}).size(), 1u);
  EXPECT_EQ(ChooseWeights(catalog, {})[0].name, kIdentityWeightsName);
  EXPECT_EQ(ChooseWeights(catalog, {"face_model", kIdentityWeightsName}).size(), 2u);
  try {
    ChooseWeights(catalog, {"face_modle"});
    FAIL() << "found";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    EXPECT_THAT(e.what(), HasSubstr("did you mean 'face_model'"));
  }
}

TEST_F(Weights, SayWhereTheyAreOrHowToGetThem) {
  WeightsEntry entry = Entry("https://example.org/face.dat");
  const std::vector<WeightsEntry> catalog{entry};
  EXPECT_EQ(LookForWeights(catalog)[0].where, std::nullopt);
  EXPECT_EQ(LookForWeights(catalog)[0].cure, "reelswap weights pull face_model");
  WriteFileAtomically(folder / "face.dat", "torn");
  EXPECT_THAT(LookForWeights(catalog)[0].problem, HasSubstr("4 bytes instead of"));
  WriteFileAtomically(folder / "face.dat", content);
  const WeightsStatus status = LookForWeights(catalog)[0];
  EXPECT_EQ(status.where, folder / "face.dat");
  EXPECT_EQ(status.problem + status.cure, "");
  fs::remove(folder / "face.dat");
  WriteFileAtomically(dir / "installed.dat", content);
  entry.installed = dir / "installed.dat";
  EXPECT_EQ(LookForWeights({entry})[0].where, dir / "installed.dat");
}

}  // namespace
}  // namespace reelswap
