#include "model/trainer.h"

#include <cmath>
#include <opencv2/imgcodecs.hpp>

#include "model/trainer_fixture.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::kStored;
using testing::StoppingProgress;
using testing::TempDir;
using testing::TrainerTest;
using testing::Weights;
namespace fs = std::filesystem;

/// One step at a rate below what a weight can take up: what is saved is what training started from.
TrainOptions AtRest(TrainOptions options) {
  options.learning_rate = 1e-30;
  return options;
}

TEST_F(TrainerTest, LowersTheLossOfBothPeopleAndWritesEverything) {
  StoppingProgress progress;
  TrainOptions options = Options(75);
  options.batch = 4;
  const TrainSummary summary = TrainModel(folder(), Faces(), kStored, options, std::nullopt, progress, {});
  EXPECT_EQ(summary.iterations, 75);
  EXPECT_EQ(summary.iterations_this_run, 75);
  EXPECT_EQ(summary.stop_reason, "iterations");
  EXPECT_FALSE(summary.resumed);
  EXPECT_GT(summary.images_per_second, 0);
  EXPECT_GT(summary.achieved_gflops, 0);
  ASSERT_EQ(summary.history.size(), 3u);  // every 25 steps
  for (const char* person : {"anna", "bert"}) {
    EXPECT_LT(summary.history.back().loss.at(person), 0.7 * summary.history.front().loss.at(person))
        << person;
  }
  EXPECT_TRUE(fs::exists(checkpoint()));
  EXPECT_EQ(cv::imread((folder() / "preview.png").string()).cols, 150 + 6 * 128);
  EXPECT_EQ(cv::imread((folder() / "loss.png").string()).cols, 960);
  EXPECT_EQ(progress.last().stage, "train");
  EXPECT_EQ(progress.last().unit, "iterations");
  EXPECT_EQ(progress.last().done, 75);
  EXPECT_EQ(progress.last().state, ProgressEvent::State::kDone);
  EXPECT_THAT(progress.last().note, ::testing::MatchesRegex("loss [0-9.]+ / [0-9.]+, [0-9]+ images/s"));
}

TEST_F(TrainerTest, TrainsThreePeopleAtOnce) {
  auto people = Faces();
  people.push_back({"chris", Faces()[0].images, {}, {}});
  NullProgress progress;
  const TrainSummary summary = TrainModel(folder(), people, kStored, Options(2), std::nullopt, progress, {});
  EXPECT_EQ(summary.history.back().loss.size(), 3u);
  EXPECT_THAT(ReadWeightsInfo(checkpoint()).people, ::testing::ElementsAre("anna", "bert", "chris"));
}

TEST_F(TrainerTest, SaysHowManyFacesAreMissing) {
  TrainOptions options = Options(5);
  options.batch = 11;
  EXPECT_THAT(TrainFailure(ErrorKind::kFaces, options, Faces()), HasSubstr("bert has 10 faces, a batch needs 11"));
  EXPECT_FALSE(fs::exists(checkpoint()));
}

TEST_F(TrainerTest, SaysWhatDiffersFromTheCheckpoint) {
  Train(Options(2));
  TrainOptions other = Options(5);
  other.architecture = "lowmem";
  EXPECT_THAT(
      TrainFailure(ErrorKind::kModel, other, Faces()),
      ::testing::AllOf(HasSubstr("architecture light"), HasSubstr("lowmem"), HasSubstr("delete or rename")));
  auto people = Faces();
  people[1].person = "carl";
  EXPECT_THAT(TrainFailure(ErrorKind::kModel, Options(5), people),
              ::testing::AllOf(HasSubstr("anna, bert"), HasSubstr("anna, carl")));
  EXPECT_THAT(TrainFailure(ErrorKind::kModel, Options(5), Faces(), {128, 1.6f, 0.0f}),
              ::testing::AllOf(HasSubstr("coverage 1.8"), HasSubstr("coverage 1.6")));
}

TEST_F(TrainerTest, LearnsTheSameInFp32AndInTheFastType) {
  TrainOptions exact = Options(50);
  exact.precision = "fp32";
  const TrainSummary slow = Train(exact);
  TempDir other;
  NullProgress progress;
  const TrainSummary fast =
      TrainModel(other / "m", Faces(), kStored, Options(50), std::nullopt, progress, {});
  for (const char* person : {"anna", "bert"}) {
    // Relative: bf16 rounds every step a little differently, the curves drift apart by a few per cent.
    EXPECT_NEAR(fast.history[1].loss.at(person) / slow.history[1].loss.at(person), 1.0, 0.15);
  }
}

TEST_F(TrainerTest, StartsNewPeopleFromABaseModelByPosition) {
  Train(Options(40));
  ExportWeights(checkpoint(), dir_ / "base.safetensors");
  auto people = Faces();
  people[0].person = "new a";
  people[1].person = "new b";
  NullProgress progress;
  const TrainSummary fine =
      TrainModel(dir_ / "fine", people, kStored, Options(2), dir_ / "base.safetensors", progress, {});
  const TrainSummary scratch =
      TrainModel(dir_ / "scratch", people, kStored, Options(2), std::nullopt, progress, {});
  EXPECT_LT(fine.history[0].loss.at("new a"), 0.8 * scratch.history[0].loss.at("new a"));
  EXPECT_LT(fine.history[0].loss.at("new b"), 0.8 * scratch.history[0].loss.at("new b"));
}

TEST_F(TrainerTest, StartsFromABaseModelByNameWhateverTheOrder) {
  Train(Options(8));  // the averages follow every few steps
  ExportWeights(checkpoint(), dir_ / "base.safetensors");
  auto people = Faces();
  std::swap(people[0], people[1]);
  NullProgress progress;
  TrainModel(dir_ / "fine", people, kStored, AtRest(Options(1)), dir_ / "base.safetensors", progress, {});
  const fs::path fine = dir_ / "fine" / "checkpoint.safetensors";
  EXPECT_THAT(ReadWeightsInfo(fine).people, ::testing::ElementsAre("bert", "anna"));
  for (const std::string name : {"encoder.1.weight", "decoders.anna.0.weight", "decoders.bert.0.weight"}) {
    EXPECT_EQ(Weights(fine, name), Weights(dir_ / "base.safetensors", name)) << name;
  }
  EXPECT_NE(Weights(fine, "decoders.anna.0.weight"), Weights(fine, "decoders.bert.0.weight"));
}

TEST_F(TrainerTest, GivesNewPeopleTheDecodersOfABaseThatNobodyElseUses) {
  Train(Options(8));  // the averages follow every few steps
  ExportWeights(checkpoint(), dir_ / "base.safetensors");
  const std::vector<std::filesystem::path> images = Faces()[0].images;
  const std::vector<TrainingFaces> people = {
      {"new", images, {}, {}}, {"anna", images, {}, {}}, {"newer", images, {}, {}}};
  NullProgress progress;
  TrainModel(dir_ / "fine", people, kStored, AtRest(Options(1)), dir_ / "base.safetensors", progress, {});
  const fs::path fine = dir_ / "fine" / "checkpoint.safetensors";
  const std::vector<float> anna = Weights(dir_ / "base.safetensors", "decoders.anna.0.weight"),
                           bert = Weights(dir_ / "base.safetensors", "decoders.bert.0.weight");
  EXPECT_EQ(Weights(fine, "decoders.anna.0.weight"), anna);
  EXPECT_EQ(Weights(fine, "decoders.new.0.weight"), bert);
  EXPECT_EQ(Weights(fine, "decoders.newer.0.weight"), anna);  // none is left: from the first again
}

TEST_F(TrainerTest, LearnsFromFlatPicturesWithoutLosingItsNumbers) {
  TempDir flat;
  std::vector<TrainingFaces> people = {{"gray", {}, {}, {}}, {"black", {}, {}, {}}};
  for (int i = 0; i < 2; ++i) {
    const cv::Mat gray(kStored.size, kStored.size, CV_8UC3, cv::Scalar::all(128));
    const std::string name = std::to_string(i) + ".png";
    people[0].images.push_back(testing::WritePlainPicture(flat / ("gray" + name), gray));
    people[1].images.push_back(testing::WritePlainPicture(flat / ("black" + name), gray * 0));
  }
  NullProgress progress;
  const TrainSummary summary = TrainModel(folder(), people, kStored, Options(10), std::nullopt, progress, {});
  for (const char* person : {"gray", "black"}) {
    EXPECT_TRUE(std::isfinite(summary.history[0].loss.at(person))) << person;
  }
  for (const float w : Weights(checkpoint(), "encoder.1.weight")) ASSERT_TRUE(std::isfinite(w));
}

TEST_F(TrainerTest, RefusesABaseOfAnotherArchitecture) {
  Train(Options(1));
  TempDir other;
  TrainOptions options = Options(1);
  options.architecture = "lowmem";
  NullProgress progress;
  try {
    TrainModel(other / "m", Faces(), kStored, options, checkpoint(), progress, {});
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), ::testing::AllOf(HasSubstr("architecture light"), HasSubstr("train.base")));
  }
}

TEST_F(TrainerTest, RefusesFewerThanTwoPeople) {
  NullProgress progress;
  EXPECT_THROW(TrainModel(folder(), {Faces()[0]}, kStored, Options(1), std::nullopt, progress, {}),
               std::invalid_argument);
  EXPECT_THROW(
      TrainModel(folder(), {Faces()[0], Faces()[0]}, kStored, Options(1), std::nullopt, progress, {}),
      std::invalid_argument);
}

TEST_F(TrainerTest, TakesTheAveragesOfACheckpointAsABase) {
  Train(Options(6));
  ExportWeights(checkpoint(), dir_ / "base.safetensors");
  NullProgress progress;
  TrainModel(dir_ / "fine", Faces(), kStored, AtRest(Options(1)), checkpoint(), progress, {});
  EXPECT_EQ(Weights(dir_ / "fine" / "checkpoint.safetensors", "encoder.1.weight"),
            Weights(dir_ / "base.safetensors", "encoder.1.weight"));
}

TEST_F(TrainerTest, RefusesNumbersThatMakeNoSense) {
  NullProgress progress;
  const auto refused = [&](const TrainOptions& options) {
    EXPECT_THROW(TrainModel(folder(), Faces(), kStored, options, std::nullopt, progress, {}), std::invalid_argument);
  };
  for (const int minute : {-2, 1440}) {
    TrainOptions options = Options(1);
    options.until_minute = minute;
    refused(options);
  }
  TrainOptions options = Options(1);
  options.score_every = -1;
  refused(options);
  options = Options(1);
  options.milestone_every = -1;
  refused(options);
}

}  // namespace
}  // namespace reelswap
