#include "config/model_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/project_text.h"
#include "core/error.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using testing::WriteText;

ModelCard FullCard() {
  ModelCard card;
  card.name = "ava_to_ben";
  card.version = 3;
  card.architecture = "light";
  card.input = {64, 1.6f, 0.1f};
  card.output = {128, 1.6f, -0.05f};
  card.people = {"ben", "ava", "off"};
  card.consents = {{"ava", "release: \"1\"\nfile #2"}, {"ben", "ünïcode"}};
  card.base = "other@12";
  card.lineage = {"first@1", "other@12"};
  card.iterations = 40000;
  card.training_seconds = 1234.5678;
  card.final_loss = {{"ava", 0.0312}, {"ben", 1e-7}};
  card.scores = {{"score", 0.53}, {"identity margin", -0.125}};
  card.best_iteration = 38000;
  card.faces = {{"ava", 812}, {"ben", 0}};
  card.training_faces = {{"ava", std::string(64, '1')}, {"ben", std::string(64, 'b')}};
  card.weights_sha256 = std::string(64, '0');
  card.tool_version = "0.1.0";
  card.created_utc = "2026-11-20T10:00:00Z";
  return card;
}

std::string LoadFailure(const std::string& text) {
  const TempDir folder;
  WriteText(folder / "card.yaml", text);
  try {
    LoadModelCard(folder / "card.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kModel);
    return error.what();
  }
  return "";
}

TEST(FormatModelCard, ReadsBackAsTheSameCard) {
  const TempDir folder;
  const ModelCard card = FullCard();
  WriteText(folder / "card.yaml", FormatModelCard(card));
  const ModelCard again = LoadModelCard(folder / "card.yaml");
  EXPECT_EQ(again.name, card.name);
  EXPECT_EQ(again.version, card.version);
  EXPECT_EQ(again.architecture, card.architecture);
  EXPECT_EQ(again.input, card.input);
  EXPECT_EQ(again.output, card.output);
  EXPECT_EQ(again.landmark_scheme, card.landmark_scheme);
  EXPECT_EQ(again.color_order, card.color_order);
  EXPECT_EQ(again.people, card.people);
  EXPECT_EQ(again.consents, card.consents);
  EXPECT_EQ(again.base, card.base);
  EXPECT_EQ(again.lineage, card.lineage);
  EXPECT_EQ(again.iterations, card.iterations);
  EXPECT_EQ(again.training_seconds, card.training_seconds);
  EXPECT_EQ(again.final_loss, card.final_loss);
  EXPECT_EQ(again.scores, card.scores);
  EXPECT_EQ(again.best_iteration, card.best_iteration);
  EXPECT_EQ(again.faces, card.faces);
  EXPECT_EQ(again.training_faces, card.training_faces);
  EXPECT_EQ(again.weights_sha256, card.weights_sha256);
  EXPECT_EQ(again.tool_version, card.tool_version);
  EXPECT_EQ(again.created_utc, card.created_utc);
}

TEST(LoadModelCard, NamesFileAndPlaceOfTheDamage) {
  std::string text = FormatModelCard(FullCard());
  text.replace(text.find("version: 3"), 10, "version: x");
  EXPECT_THAT(LoadFailure(text), HasSubstr("card.yaml:4:10: version: expected a whole number"));
  EXPECT_THAT(LoadFailure(""), HasSubstr("card.yaml:1:1: expected a model card, got nothing"));
  EXPECT_THAT(LoadFailure("name: [\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(LoadFailure("name: a\n"), HasSubstr("the key 'architecture' is missing"));
}

TEST(LoadModelCard, RefusesNamesThatLeaveAFolder) {
  const std::string good = FormatModelCard(FullCard());
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"name: ava_to_ben", "name: ../x"},
                                                        {"\"other@12\"", "a/b@1"},
                                                        {"base: other@12", "base: ../../x"},
                                                        {"[ben, ", "[../ben, "},
                                                        {"architecture: light", "architecture: a/b"}}) {
    std::string text = good;
    const size_t at = text.find(from);
    if (at == std::string::npos) continue;
    EXPECT_THAT(LoadFailure(text.replace(at, from.size(), to)), HasSubstr("expected a name")) << to;
  }
}

TEST(LoadModelCard, SurvivesEveryTruncation) {
  const TempDir folder;
  const std::string text = FormatModelCard(FullCard());
  for (size_t length = 0; length < text.size(); length += 3) {
    WriteText(folder / "card.yaml", text.substr(0, length));
    try {
      LoadModelCard(folder / "card.yaml");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
    }
  }
}

TEST(LoadModelCard, LeavesKeysOfLaterVersionsAlone) {
  EXPECT_EQ(LoadFailure(FormatModelCard(FullCard()) + "verdicts: {transfer: 0.9}\n"), "");
}

TEST(LoadModelCard, ScoresMustBeNumbers) {
  EXPECT_THAT(LoadFailure(FormatModelCard(FullCard()) + "best: 1\n"), "");
  ModelCard card = FullCard();
  card.scores.clear();
  card.best_iteration = 0;
  EXPECT_THAT(LoadFailure(FormatModelCard(card) + "scores: {ssim: high}\n"), HasSubstr("scores.ssim: expected a number"));
}

TEST(LoadModelCard, AMissingCardIsAnErrorWithItsPath) {
  try {
    LoadModelCard("/nonexistent/card.yaml");
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kModel);
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/card.yaml"));
  }
}

}  // namespace
}  // namespace reelswap
