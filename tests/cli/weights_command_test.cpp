// Third-party weights through the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "testing/http_server.h"
#include "testing/temp_dir.h"

namespace reelswap::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using nlohmann::json;

class WeightsCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("REELSWAP_WEIGHTS", (dir / "weights").c_str(), 1);
    ::unsetenv("REELSWAP_IDENTITY_WEIGHTS");
  }
  void TearDown() override { ::unsetenv("REELSWAP_WEIGHTS"); }
  ProgramResult Run(const std::vector<std::string>& arguments) { return RunProgram(arguments, dir.path()); }
  std::string Listed() { return Run({"weights", "list"}).out; }

  TempDir dir;
};

TEST_F(WeightsCommand, ListNamesLicencesAndCures) {
  const std::string text = Listed();
  for (const char* words : {"face_recognition_densenet_model_v1\n", "tells people apart", "licence: MIT; commercial use: allowed",
                            "commercial use: NOT allowed",
                            "not here: reelswap weights pull face_recognition_densenet_model_v1"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  const json event = json::parse(Run({"weights", "list", "--json"}).out);
  EXPECT_EQ(event.at("event"), "weights");
  EXPECT_GE(event.at("weights").size(), 4u);
  EXPECT_EQ(event.at("weights").at(3).at("path"), "");
}

TEST_F(WeightsCommand, PullRefusesWhatItCannotCheckOrUnpack) {
  const ProgramResult unchecked = Run({"weights", "pull", "shape_predictor_5_face_landmarks"});
  EXPECT_EQ(unchecked.exit_code, 1);
  EXPECT_THAT(unchecked.err, HasSubstr("no SHA-256"));
  const ProgramResult packed = Run({"weights", "pull", "mmod_human_face_detector"});
  EXPECT_EQ(packed.exit_code, 1);
  EXPECT_THAT(packed.err, HasSubstr("bzip2"));
  const ProgramResult unknown = Run({"weights", "pull", "mmod_human_face_detectors"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'mmod_human_face_detector'"));
  EXPECT_EQ(Run({"weights"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(dir / "weights"));
}

TEST_F(WeightsCommand, PullFromAWrongMirrorLeavesNothing) {
  std::ofstream(dir / "face_recognition_densenet_model_v1.dat") << "another file";
  const ProgramResult result = Run({"weights", "pull", "--from", dir.path().string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("12 bytes"));
  EXPECT_EQ(Run({"weights", "pull", "--from", (dir / "absent").string()}).exit_code, 1);
  EXPECT_THAT(Listed(), HasSubstr("not here: reelswap weights pull face"));
}

TEST_F(WeightsCommand, DoctorNamesTheCureForMissingIdentityWeights) {
  const json event = json::parse(Run({"doctor", "--json"}).out);
  for (const json& finding : event.at("findings")) {
    if (finding.at("topic") != "identity") continue;
    EXPECT_EQ(finding.at("state"), "warning");
    EXPECT_EQ(finding.at("cure"), "reelswap weights pull");
    return;
  }
  FAIL() << event;
}

TEST_F(WeightsCommand, PullBringsTheIdentityWeightsFromAMirror) {
  const fs::path real = SharedDir() / "weights/face_recognition_densenet_model_v1.dat";
  if (SharedDir().empty() || !fs::exists(real)) GTEST_SKIP() << "the real file is not beside the repository";
  const HttpServer server(ServeFolder(real.parent_path()));
  const ProgramResult pulled = Run({"weights", "pull", "--from", server.Url("")});
  EXPECT_EQ(pulled.exit_code, 0) << pulled.err;
  EXPECT_THAT(pulled.out, AllOf(HasSubstr("now in"), HasSubstr("licence: MIT")));
  EXPECT_THAT(Listed(), HasSubstr("here: " + (dir / "weights/face_recognition_densenet_model_v1.dat").string()));
  EXPECT_THAT(Run({"doctor"}).out, HasSubstr("ok       identity"));
  const ProgramResult again = Run({"weights", "pull", "--from", "file://" + real.parent_path().string(), "--json"});
  EXPECT_THAT(again.out, HasSubstr("\"was_there\":true"));
  fs::resize_file(dir / "weights/face_recognition_densenet_model_v1.dat", 1000);
  EXPECT_THAT(Listed(), HasSubstr("damaged: "));
  EXPECT_EQ(Run({"weights", "pull", "--from", "file://" + real.parent_path().string()}).exit_code, 0);
  EXPECT_THAT(Listed(), HasSubstr("here: "));
}

}  // namespace
}  // namespace reelswap::testing
