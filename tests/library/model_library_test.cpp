#include "library/model_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempDir;

ModelCard Card(const std::string& name) {
  ModelCard card;
  card.name = name;
  card.architecture = "light";
  card.input = {64, 1.6f, 0};
  card.output = {64, 1.6f, 0};
  card.people = {"ava", "ben"};
  card.iterations = 100;
  return card;
}

/// A library in a folder of its own, and weights to put into it.
class Shelf {
 public:
  fs::path root() const { return folder_ / "models"; }
  fs::path Weights(const std::string& content) const {
    const fs::path path = folder_ / ("weights_" + Sha256OfBytes(content).substr(0, 8));
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  fs::path folder() const { return folder_.path(); }
  StoredModel Add(const std::string& name, const std::string& content = "weights",
                  const std::string& base = "") const {
    ModelCard card = Card(name);
    card.base = base;
    return ModelLibrary(root()).Add(card, Weights(content), {});
  }
  std::set<std::string> Entries() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(root())) names.insert(entry.path().filename().string());
    return names;
  }

 private:
  TempDir folder_;
};

template <typename Call>
std::string FailureOf(Call call, ErrorKind kind = ErrorKind::kModel) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "";
}

TEST(ModelLibrary, AddStoresWeightsCardAndPicturesAsVersionOne) {
  const Shelf shelf;
  std::ofstream(shelf.folder() / "preview.png") << "picture";
  const StoredModel stored = ModelLibrary(shelf.root())
                                 .Add(Card("pair"), shelf.Weights("abc"),
                                      {shelf.folder() / "preview.png", shelf.folder() / "loss.png"});
  EXPECT_EQ(stored.folder, shelf.root() / "pair" / "1");
  EXPECT_EQ(stored.card.version, 1);
  EXPECT_EQ(stored.bytes, 3);
  EXPECT_EQ(stored.card.weights_sha256, Sha256OfBytes("abc"));
  EXPECT_THAT(stored.card.tool_version, ::testing::MatchesRegex("[0-9]+.[0-9]+.[0-9]+"));
  EXPECT_THAT(stored.card.created_utc, ::testing::MatchesRegex("....-..-..T..:..:..Z"));
  EXPECT_EQ(ReadFile(stored.weights), "abc");
  EXPECT_TRUE(fs::exists(stored.folder / "preview.png"));
  EXPECT_FALSE(fs::exists(stored.folder / "loss.png"));
  EXPECT_THAT(shelf.Entries(), ElementsAre("pair"));  // no staging folder is left
}

TEST(ModelLibrary, AddCountsVersionsUpAndNeverReusesADamagedOne) {
  const Shelf shelf;
  EXPECT_EQ(shelf.Add("pair").card.version, 1);
  EXPECT_EQ(shelf.Add("pair").card.version, 2);
  fs::remove(shelf.root() / "pair" / "2" / "card.yaml");
  EXPECT_EQ(shelf.Add("pair").card.version, 3);
  fs::create_directories(shelf.root() / "pair" / "9");
  EXPECT_EQ(shelf.Add("pair").card.version, 10);
}

TEST(ModelLibrary, AddWritesTheLineageDown) {
  const Shelf shelf;
  shelf.Add("first");
  shelf.Add("second", "w2", "first");
  const StoredModel third = shelf.Add("third", "w3", "second@1");
  EXPECT_EQ(third.card.base, "second@1");
  EXPECT_THAT(third.card.lineage, ElementsAre("first@1", "second@1"));
  EXPECT_THAT(shelf.Add("orphan", "w4", "gone@7").card.lineage, ElementsAre("gone@7"));
}

TEST(ModelLibrary, AddRefusesUnsafeNamesAndMissingWeights) {
  const Shelf shelf;
  const ModelLibrary library(shelf.root());
  for (const std::string& name :
       std::vector<std::string>{"", "../x", "a/b", "/etc", ".hidden", "Upper", std::string(65, 'a')}) {
    EXPECT_THAT(FailureOf([&] { library.Add(Card(name), shelf.Weights("w"), {}); }),
                HasSubstr("cannot store"))
        << name;
  }
  EXPECT_THAT(FailureOf([&] { library.Add(Card("a"), shelf.folder() / "none", {}); }),
              HasSubstr("missing or empty"));
  EXPECT_THAT(FailureOf([&] { library.Add(Card("a"), shelf.Weights(""), {}); }),
              HasSubstr("missing or empty"));
  EXPECT_FALSE(fs::exists(shelf.root()));
}

TEST(ModelLibrary, AddDoesNotPublishACardThatCannotBeReadBack) {
  const Shelf shelf;
  ModelCard card = Card("pair");
  card.final_loss["ava"] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(FailureOf([&] { ModelLibrary(shelf.root()).Add(card, shelf.Weights("w"), {}); }),
              HasSubstr("final_loss"));
  EXPECT_THAT(shelf.Entries(), IsEmpty());
}

TEST(ModelLibrary, FindTakesTheNewestVersionOrTheOneAskedFor) {
  const Shelf shelf;
  for (int i = 0; i < 11; ++i) shelf.Add("pair", "w" + std::to_string(i));
  const ModelLibrary library(shelf.root());
  EXPECT_EQ(library.Find("pair").card.version, 11);  // by number, not by letters
  EXPECT_EQ(library.Find("pair@2").card.version, 2);
}

TEST(ModelLibrary, FindSuggestsTheNearestNameAndTheStoredVersions) {
  const Shelf shelf;
  const ModelLibrary library(shelf.root());
  EXPECT_THAT(FailureOf([&] { library.Find("pair"); }), HasSubstr("is empty"));
  shelf.Add("host_to_guest");
  shelf.Add("host_to_guest");
  EXPECT_THAT(FailureOf([&] { library.Find("host_to_gest"); }), HasSubstr("did you mean 'host_to_guest'?"));
  EXPECT_THAT(FailureOf([&] { library.Find("host_to_guest@3"); }),
              HasSubstr("has no version 3; stored: 1, 2"));
  EXPECT_THAT(FailureOf([&] { library.Find("zebra"); }), HasSubstr("models list"));
}

TEST(ModelLibrary, FindRefusesReferencesThatLeaveTheLibrary) {
  const Shelf shelf;
  shelf.Add("pair");
  const ModelLibrary library(shelf.root() / "pair");
  for (const char* reference : {"../pair", "..", "", "@1", "pair@", "pair@01", "pair@-1", "pair@1/..",
                                "/etc/passwd@1", "pair@99999999999", "pair@1@1"}) {
    EXPECT_THAT(FailureOf([&] { library.Find(reference); }), HasSubstr("names no model")) << reference;
  }
}

TEST(ModelLibrary, ListReportsDamagedModelsAndIgnoresStaging) {
  const Shelf shelf;
  for (const char* name : {"b", "a", "a"}) shelf.Add(name);
  shelf.Add("torn");
  std::ofstream(shelf.root() / "torn" / "1" / "card.yaml") << "name: [";
  shelf.Add("bare");
  fs::remove(shelf.root() / "bare" / "1" / "weights.safetensors");
  shelf.Add("moved");
  fs::rename(shelf.root() / "moved" / "1", shelf.root() / "moved" / "5");
  fs::create_directories(shelf.root() / ".staging-abc");
  std::ofstream(shelf.root() / "README.md") << "text";

  std::vector<std::string> problems;
  const auto models = ModelLibrary(shelf.root()).List(&problems);
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0].card.name, "a");
  EXPECT_EQ(models[1].card.version, 2);
  EXPECT_EQ(models[2].card.name, "b");
  EXPECT_THAT(problems, ElementsAre(HasSubstr("weights.safetensors"), HasSubstr("its card says moved@1"),
                                    HasSubstr("damaged model card")));
  EXPECT_EQ(ModelLibrary(shelf.root()).List().size(), 3u);
  EXPECT_TRUE(ModelLibrary(shelf.folder() / "nowhere").List().empty());
}

TEST(ModelLibrary, ALibraryThatIsNoFolderIsAnErrorNotAnEmptyOne) {
  const Shelf shelf;
  const ModelLibrary library(shelf.Weights("a file"));
  EXPECT_THAT(FailureOf([&] { library.List(); }, ErrorKind::kDisk),
              HasSubstr("cannot read the model library"));
  EXPECT_THAT(FailureOf([&] { library.Add(Card("a"), shelf.Weights("w"), {}); }, ErrorKind::kDisk),
              HasSubstr("cannot"));
}

TEST(ModelLibrary, OnlyOldStagingFoldersAreRemoved) {
  const Shelf shelf;
  fs::create_directories(shelf.root() / ".staging-old");
  fs::create_directories(shelf.root() / ".staging-new");
  fs::last_write_time(shelf.root() / ".staging-old",
                      fs::file_time_type::clock::now() - std::chrono::hours(25));
  shelf.Add("pair");
  EXPECT_THAT(shelf.Entries(), ElementsAre(".staging-new", "pair"));
}

TEST(ModelLibrary, FindBySha256FindsAVersionOfThatName) {
  const Shelf shelf;
  const StoredModel stored = shelf.Add("pair", "one");
  shelf.Add("pair", "two");
  const ModelLibrary library(shelf.root());
  const auto found = library.FindBySha256("pair", stored.card.weights_sha256);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->card.version, 1);
  EXPECT_FALSE(library.FindBySha256("pair", Sha256OfBytes("three")).has_value());
  EXPECT_FALSE(library.FindBySha256("other", stored.card.weights_sha256).has_value());
  EXPECT_FALSE(library.FindBySha256("../pair", stored.card.weights_sha256).has_value());
}

TEST(ModelLibrary, ThreadsThatAddAtOnceGetDifferentVersions) {
  const Shelf shelf;
  const fs::path weights = shelf.Weights("w");
  std::vector<int> versions(8);
  {
    std::vector<std::jthread> threads;
    for (int& version : versions) {
      threads.emplace_back(
          [&] { version = ModelLibrary(shelf.root()).Add(Card("pair"), weights, {}).card.version; });
    }
  }
  EXPECT_EQ(std::set<int>(versions.begin(), versions.end()), (std::set<int>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(ModelLibrary(shelf.root()).List().size(), 8u);
}

TEST(ModelLibrary, ProcessesThatAddAtOnceGetDifferentVersions) {
  constexpr int kProcesses = 2;
  constexpr int kRounds = 5;
  const Shelf shelf;
  const fs::path weights = shelf.Weights("w");
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int status = 0;
      try {
        for (int round = 0; round < kRounds; ++round)
          ModelLibrary(shelf.root()).Add(Card("pair"), weights, {});
      } catch (const std::exception&) {
        status = 1;
      }
      _exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::vector<std::string> problems;
  EXPECT_EQ(ModelLibrary(shelf.root()).List(&problems).size(), size_t{kProcesses * kRounds});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(ModelLibrary(shelf.root()).Find("pair").card.version, kProcesses * kRounds);
}

TEST(VerifyWeights, TellsChangedWeightsFromTheirCard) {
  const Shelf shelf;
  const StoredModel stored = shelf.Add("pair", "good");
  EXPECT_NO_THROW(VerifyWeights(stored));
  std::ofstream(stored.weights) << "evil";
  EXPECT_THAT(FailureOf([&] { VerifyWeights(stored); }), HasSubstr("not those of their card"));
}

TEST(RequireCompatible, NamesBothValuesAndTheCure) {
  ModelCard base = Card("pair");
  base.version = 3;
  const CropGeometry crop{64, 1.6f, 0};
  const auto failure = [&](const std::string& architecture, const CropGeometry& in, const CropGeometry& out,
                           int people) {
    return FailureOf([&] { RequireCompatible(base, architecture, in, out, people); });
  };
  EXPECT_EQ(failure("light", crop, crop, 2), "");
  EXPECT_EQ(failure("light", crop, crop, 1), "");
  EXPECT_EQ(failure("original", crop, crop, 2),
            "the base pair@3 is a 'light' model and this training is 'original'; write train.model: light or "
            "choose "
            "another base");
  EXPECT_THAT(failure("light", {128, 1.6f, 0}, crop, 2),
              HasSubstr("takes faces of 64 px, coverage 1.6, shift 0 and this training of 128 px"));
  EXPECT_THAT(
      failure("light", crop, {64, 1.8f, 0}, 2),
      HasSubstr("gives faces of 64 px, coverage 1.6, shift 0 and this training of 64 px, coverage 1.8"));
  EXPECT_THAT(failure("light", crop, crop, 3), HasSubstr("decoders for 2 people and this training needs 3"));
  base.color_order = "rgb";
  EXPECT_THAT(failure("light", crop, crop, 2),
              HasSubstr("takes 'rgb' pictures and this version makes 'bgr'"));
  base.landmark_scheme = "five";
  EXPECT_THAT(failure("light", crop, crop, 2), HasSubstr("aligned by 'five'"));
}

}  // namespace
}  // namespace reelswap
