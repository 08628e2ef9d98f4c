#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/project_text.h"
#include "config/yaml_tree.h"
#include "core/files.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Examples() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(REELSWAP_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  return files;
}

fs::path Example(const std::string& name) { return fs::path(REELSWAP_SOURCE_DIR) / "configs" / name; }

TEST(ExampleProjects, AllLoadAndHaveATarget) {
  ASSERT_GE(Examples().size(), 4u);
  for (const fs::path& file : Examples()) {
    try {
      const Project project = LoadProject(file);
      EXPECT_FALSE(project.targets.empty()) << file;
    } catch (const ProjectError& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(ExampleProjects, TheDemoTrainsTheLightModelOnTwoActors) {
  const Project demo = LoadProject(Example("demo.yaml"));
  EXPECT_EQ(demo.name, "demo_run");
  EXPECT_EQ(demo.train.options.architecture, "light");
  EXPECT_EQ(demo.evaluate.actors, (std::map<std::string, std::string>{{"ava", "ava"}, {"ben", "ben"}}));
  EXPECT_EQ(demo.targets.at(0).swap, (std::map<std::string, std::string>{{"ava", "ben"}}));
  EXPECT_EQ(demo.base_folder / demo.targets[0].location, Example("../data/demo/ava_target.mp4"));
}

TEST(ExampleProjects, TheReferenceNamesEveryKeyThatAProjectCanHave) {
  const std::string text = ReadFile(Example("reference.yaml"));
  const YamlNode described = ParseYaml(DescribeProject(LoadProject(Example("reference.yaml")))).root;
  for (const YamlEntry& section : described.entries) {
    EXPECT_THAT(text, ::testing::HasSubstr("\n" + section.key + ":")) << section.key;
    if (section.key == "people") continue;
    for (const YamlEntry& entry : section.value.entries)
      EXPECT_THAT(text, ::testing::HasSubstr(entry.key + ":"));
  }
}

TEST(ExampleProjects, TheReferenceShowsTheDefaultsOfATargetsLook) {
  // Every key is written there with its default, so nothing of a look is left to describe.
  const std::string text = ReadFile(Example("reference.yaml"));
  const std::string described = DescribeProject(LoadProject(Example("reference.yaml")));
  for (const char* key : {"mask", "color", "blend", "erosion", "feather", "sharpen", "occlusion", "smoothing", "chunk",
                          "fade_profiles", "hardware"}) {
    EXPECT_THAT(text, ::testing::HasSubstr(std::string(" ") + key + ": "));
    EXPECT_THAT(described, ::testing::Not(::testing::HasSubstr(std::string(" ") + key + ": "))) << key;
  }
}

TEST(ExampleProjects, TheFootageProjectHoldsItsTargetsOut) {
  const Project footage = LoadProject(Example("footage.yaml"));
  ASSERT_EQ(footage.targets.size(), 2u);
  for (const Target& target : footage.targets) {
    for (const Person& person : footage.people) {
      for (const Source& source : person.sources) {
        if (source.location == target.location) {
          EXPECT_TRUE(source.hold_out) << source.location;
        }
      }
    }
  }
}

TEST(Weights, EveryEntryHasAnAddressALicenceAndWholeHashes) {
  const ParsedYaml parsed = ParseYaml(ReadFile(fs::path(REELSWAP_SOURCE_DIR) / "models" / "weights.yaml"));
  ASSERT_TRUE(parsed.problems.empty());
  const auto& weights = parsed.root.Find("weights")->value.items;
  ASSERT_GE(weights.size(), 4u);
  for (const YamlNode& entry : weights) {
    for (const char* key : {"name", "purpose", "url", "licence"}) ASSERT_NE(entry.Find(key), nullptr) << key;
    EXPECT_THAT(entry.Find("url")->value.text, ::testing::StartsWith("https://"));
    if (const YamlEntry* sha256 = entry.Find("sha256")) {
      EXPECT_EQ(sha256->value.text.size(), 64u);
    }
  }
}

}  // namespace
}  // namespace reelswap
