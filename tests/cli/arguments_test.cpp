#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::variant<Arguments, int> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "reelswap");
  return ParseArguments(static_cast<int>(words.size()), words.data());
}

Arguments Parsed(std::vector<const char*> words) {
  const auto parsed = Parse(std::move(words));
  EXPECT_TRUE(std::holds_alternative<Arguments>(parsed));
  return std::holds_alternative<Arguments>(parsed) ? std::get<Arguments>(parsed) : Arguments{};
}

int ExitCode(std::vector<const char*> words) {
  const auto parsed = Parse(std::move(words));
  return std::holds_alternative<int>(parsed) ? std::get<int>(parsed) : -1;
}

TEST(ConvertArguments, WithoutASampleEverythingIsConverted) {
  const Arguments arguments = Parsed({"convert", "p.yaml"});
  EXPECT_EQ(arguments.command, "convert");
  EXPECT_FALSE(arguments.sample_seconds);
  EXPECT_THAT(arguments.targets, IsEmpty());
}

TEST(ConvertArguments, ASampleIsTenSecondsUnlessSaidOtherwise) {
  EXPECT_EQ(Parsed({"convert", "p.yaml", "--sample"}).sample_seconds, 10);
  EXPECT_EQ(Parsed({"convert", "p.yaml", "--sample", "2.5"}).sample_seconds, 2.5);
  EXPECT_EQ(Parsed({"convert", "p.yaml", "--sample=30"}).sample_seconds, 30);
  EXPECT_EQ(Parsed({"convert", "--sample", "--json", "p.yaml"}).sample_seconds, 10);
}

TEST(ConvertArguments, TargetsMayStandBeforeAndAfterTheSample) {
  Arguments arguments = Parsed({"convert", "p.yaml", "walk", "2", "--sample", "5"});
  EXPECT_THAT(arguments.targets, ElementsAre("walk", "2"));
  EXPECT_EQ(arguments.sample_seconds, 5);
  arguments = Parsed({"convert", "p.yaml", "--sample", "interview"});
  EXPECT_THAT(arguments.targets, ElementsAre("interview"));
  EXPECT_EQ(arguments.sample_seconds, 10);
  arguments = Parsed({"convert", "p.yaml", "--sample", "7", "interview"});
  EXPECT_THAT(arguments.targets, ElementsAre("interview"));
  EXPECT_EQ(arguments.sample_seconds, 7);
  EXPECT_EQ(Parsed({"convert", "--sample", "p.yaml"}).project, "p.yaml");
}

TEST(ConvertArguments, RefuseSamplesThatAreNoLength) {
  for (const char* seconds : {"--sample=0", "--sample=0.5", "--sample=1e9", "--sample=-3", "--sample=inf"}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(ExitCode({"convert", "p.yaml", seconds}), 2) << seconds;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("expected 1 to 36000 seconds")) << seconds;
  }
}

TEST(ConvertArguments, OnlyConvertTakesASample) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(ExitCode({"run", "p.yaml", "--sample"}), 2);
  ::testing::internal::GetCapturedStderr();
}

TEST(ConvertArguments, TheHelpHasAnExampleOfASample) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(ExitCode({"convert", "--help"}), 0);
  const std::string help = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(help, HasSubstr("--sample [SECONDS]"));
  EXPECT_THAT(help, HasSubstr("reelswap convert project.yaml --sample 20"));
  EXPECT_THAT(help, HasSubstr("reelswap convert project.yaml 2 --sample"));
}

}  // namespace
}  // namespace reelswap
