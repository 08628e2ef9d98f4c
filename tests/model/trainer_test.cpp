#include "model/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <mutex>
#include <opencv2/imgcodecs.hpp>

#include "core/error.h"
#include "core/files.h"
#include "model/face_swapper.h"
#include "model/safetensors.h"
#include "testing/drawn_faces.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
namespace fs = std::filesystem;

constexpr CropGeometry kStored{128, 1.8f, 0.1f};

/// Asks to stop once so many iterations are done, and remembers the last event.
class StoppingProgress final : public ProgressSink {
 public:
  explicit StoppingProgress(double stop_at = 1e18) : stop_at_(stop_at) {}
  void Report(const ProgressEvent& event) override {
    const std::lock_guard lock(mutex_);
    last_ = event;
    if (event.done >= stop_at_) source_.request_stop();
  }
  std::stop_token token() { return source_.get_token(); }
  ProgressEvent last() const { return last_; }

 private:
  std::mutex mutex_;
  double stop_at_;
  std::stop_source source_;
  ProgressEvent last_;
};

class TrainerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TempDir;
    Faces();
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  static std::vector<TrainingFaces> Faces() {
    static const auto a = testing::WriteDrawnFaces(*shared_ / "anna", 0, 12, kStored.size);
    static const auto b = testing::WriteDrawnFaces(*shared_ / "bert", 1, 10, kStored.size);
    return {{"anna", a}, {"bert", b}};
  }
  static TrainOptions Options(int64_t iterations) {
    TrainOptions o;
    o.architecture = "light";
    o.batch = 2;
    o.iterations = iterations;
    o.save_every = 1000;
    o.preview_every = 1000;
    o.device = "cpu";
    o.threads = 1;  // tests share the machine with others
    return o;
  }
  /// One step at a rate below what a weight can take up: what is saved is what training started from.
  static TrainOptions StandStill() {
    TrainOptions o = Options(1);
    o.learning_rate = 1e-30;
    return o;
  }
  TrainSummary Train(const TrainOptions& options, std::stop_token stop = {}) {
    NullProgress progress;
    return TrainModel(folder(), Faces(), kStored, options, std::nullopt, progress, stop);
  }
  fs::path folder() const { return dir_ / "model"; }
  fs::path checkpoint() const { return folder() / "checkpoint.safetensors"; }
  fs::path previous() const { return folder() / "checkpoint.previous.safetensors"; }

  /// The sentence of the Error(kind) that training ends in.
  std::string Failure(ErrorKind kind, const TrainOptions& options, const std::vector<TrainingFaces>& people,
                      const CropGeometry& geometry = kStored,
                      const std::optional<fs::path>& base = std::nullopt) {
    NullProgress progress;
    try {
      TrainModel(folder(), people, geometry, options, base, progress, {});
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind);
      return e.what();
    }
    return "no error";
  }

  TempDir dir_;
  static TempDir* shared_;
};
TempDir* TrainerTest::shared_ = nullptr;

std::vector<float> Weights(const fs::path& path, const std::string& name) {
  SafetensorsFile file(path);
  const SafetensorsEntry* entry = file.Find(name);
  if (entry == nullptr) throw std::runtime_error(name + " is not in " + path.string());
  std::vector<float> weights(entry->bytes / 4);
  file.Read(*entry, std::as_writable_bytes(std::span(weights)));
  return weights;
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

TEST_F(TrainerTest, GoesOnAfterAnInterruptionAsIfThereHadBeenNone) {
  StoppingProgress stopper(1);  // the first step is always reported
  TrainOptions options = Options(30);
  const TrainSummary first =
      TrainModel(folder(), Faces(), kStored, options, std::nullopt, stopper, stopper.token());
  EXPECT_TRUE(first.interrupted);
  EXPECT_EQ(first.stop_reason, "interrupted");
  ASSERT_LT(first.iterations, 30);
  EXPECT_TRUE(fs::exists(folder() / "preview.png"));
  const TrainSummary second = Train(options);
  EXPECT_TRUE(second.resumed);
  EXPECT_EQ(second.iterations, 30);
  EXPECT_EQ(second.iterations_this_run, 30 - first.iterations);
  EXPECT_GE(second.seconds, first.seconds);

  TempDir other;
  NullProgress progress;
  TrainModel(other / "model", Faces(), kStored, options, std::nullopt, progress, {});
  const std::string name = "encoder.1.weight";
  const std::vector<float> resumed = Weights(checkpoint(), name),
                           whole = Weights(other / "model" / "checkpoint.safetensors", name);
  double difference = 0, size = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    difference += std::abs(resumed[i] - whole[i]);
    size += std::abs(whole[i]);
  }
  // Same faces, same state; sums of threads may be ordered differently: a thousandth of a weight.
  EXPECT_LT(difference / size, 1e-3);
}

TEST_F(TrainerTest, ReturnsAtOnceWhenFinishedWithoutTouchingAFile) {
  Train(Options(3));
  const auto before = fs::last_write_time(checkpoint());
  fs::remove(folder() / "preview.png");
  const TrainSummary again = Train(Options(3));
  EXPECT_TRUE(again.already_finished);
  EXPECT_EQ(again.iterations, 3);
  EXPECT_EQ(again.iterations_this_run, 0);
  EXPECT_EQ(again.stop_reason, "already finished");
  EXPECT_EQ(again.history.size(), 1u);
  EXPECT_EQ(fs::last_write_time(checkpoint()), before);
  EXPECT_FALSE(fs::exists(folder() / "preview.png"));
}

TEST_F(TrainerTest, StopsAfterItsHours) {
  TrainOptions options = Options(1'000'000);
  options.max_hours = 0.5 / 3600;
  const TrainSummary summary = Train(options);
  EXPECT_EQ(summary.stop_reason, "hours");
  EXPECT_GE(summary.seconds, 0.5);
  EXPECT_TRUE(Train(options).already_finished);
}

TEST_F(TrainerTest, TrainsThreePeopleAtOnce) {
  auto people = Faces();
  people.push_back({"chris", Faces()[0].images});
  NullProgress progress;
  const TrainSummary summary = TrainModel(folder(), people, kStored, Options(2), std::nullopt, progress, {});
  EXPECT_EQ(summary.history.back().loss.size(), 3u);
  EXPECT_THAT(ReadWeightsInfo(checkpoint()).people, ::testing::ElementsAre("anna", "bert", "chris"));
}

TEST_F(TrainerTest, SaysHowManyFacesAreMissing) {
  TrainOptions options = Options(5);
  options.batch = 11;
  EXPECT_THAT(Failure(ErrorKind::kFaces, options, Faces()), HasSubstr("bert has 10 faces, a batch needs 11"));
  EXPECT_FALSE(fs::exists(checkpoint()));
}

TEST_F(TrainerTest, KeepsTheLastGoodCheckpointWhenTheLossIsNoNumber) {
  Train(Options(5));
  const std::string good = Sha256OfFile(checkpoint());
  TrainOptions wild = Options(40);
  wild.learning_rate = 1e30;
  wild.save_every = 1;
  const std::string sentence = Failure(ErrorKind::kModel, wild, Faces());
  EXPECT_THAT(sentence, HasSubstr("lower train.learning_rate"));
  EXPECT_EQ(Sha256OfFile(checkpoint()), good);
  EXPECT_EQ(Train(Options(6)).iterations, 6);
}

TEST_F(TrainerTest, SaysWhatDiffersFromTheCheckpoint) {
  Train(Options(2));
  TrainOptions other = Options(5);
  other.architecture = "lowmem";
  EXPECT_THAT(
      Failure(ErrorKind::kModel, other, Faces()),
      ::testing::AllOf(HasSubstr("architecture light"), HasSubstr("lowmem"), HasSubstr("delete or rename")));
  auto people = Faces();
  people[1].person = "carl";
  EXPECT_THAT(Failure(ErrorKind::kModel, Options(5), people),
              ::testing::AllOf(HasSubstr("anna, bert"), HasSubstr("anna, carl")));
  EXPECT_THAT(Failure(ErrorKind::kModel, Options(5), Faces(), {128, 1.6f, 0.0f}),
              ::testing::AllOf(HasSubstr("coverage 1.8"), HasSubstr("coverage 1.6")));
}

TEST_F(TrainerTest, FallsBackToThePreviousCheckpointWhenTheNewestIsDamaged) {
  Train(Options(2));
  Train(Options(4));
  ASSERT_TRUE(fs::exists(previous()));
  fs::resize_file(checkpoint(), fs::file_size(checkpoint()) / 2);
  const TrainSummary summary = Train(Options(6));
  EXPECT_TRUE(summary.resumed);
  EXPECT_EQ(summary.iterations_this_run, 4);  // from step 2
  EXPECT_EQ(ReadWeightsInfo(checkpoint()).iterations, 6);
  EXPECT_EQ(ReadWeightsInfo(previous()).iterations, 2);  // the damaged file did not replace the good one
  EXPECT_TRUE(fs::exists(folder() / "checkpoint.damaged.safetensors"));
}

TEST_F(TrainerTest, FallsBackWhenTheNewestHoldsWeightsThatAreNoNumbers) {
  Train(Options(2));
  Train(Options(4));
  const SafetensorsFile file(checkpoint());
  const float infinity = std::numeric_limits<float>::infinity();
  std::fstream(checkpoint(), std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(file.Find("adam.v.encoder.1.weight")->offset))
      .write(reinterpret_cast<const char*>(&infinity), 4);
  EXPECT_EQ(Train(Options(6)).iterations_this_run, 4);
}

TEST_F(TrainerTest, KeepsTheOldCheckpointWhenTheDiskIsFull) {
  Train(Options(2));
  const std::string good = Sha256OfFile(checkpoint());
  // A limit on the size of files fails like a full disk: in the middle of the write.
  const auto ignore = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence = Failure(ErrorKind::kDisk, Options(4), Faces());
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignore);
  EXPECT_THAT(sentence, HasSubstr("cannot write"));
  EXPECT_EQ(Sha256OfFile(checkpoint()), good);
  EXPECT_EQ(Train(Options(4)).iterations_this_run, 2);
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

TEST_F(TrainerTest, RefusesToStartOverADamagedCheckpoint) {
  Train(Options(2));
  std::ofstream(checkpoint(), std::ios::trunc) << "rubbish";
  EXPECT_THAT(Failure(ErrorKind::kModel, Options(5), Faces()), HasSubstr("move the file away"));
  EXPECT_EQ(fs::file_size(checkpoint()), 7u);
}

TEST_F(TrainerTest, LeavesNoTemporaryFilesBehind) {
  TrainOptions options = Options(4);
  options.save_every = 1;
  Train(options);
  for (const auto& entry : fs::directory_iterator(folder())) {
    EXPECT_THAT(entry.path().filename().string(),
                ::testing::AnyOf("checkpoint.safetensors", "checkpoint.previous.safetensors", "preview.png",
                                 "loss.png"));
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
  Train(Options(2));
  auto people = Faces();
  std::swap(people[0], people[1]);
  NullProgress progress;
  TrainModel(dir_ / "fine", people, kStored, StandStill(), checkpoint(), progress, {});
  const fs::path fine = dir_ / "fine" / "checkpoint.safetensors";
  EXPECT_THAT(ReadWeightsInfo(fine).people, ::testing::ElementsAre("bert", "anna"));
  for (const std::string name : {"encoder.1.weight", "decoders.anna.0.weight", "decoders.bert.0.weight"}) {
    EXPECT_EQ(Weights(fine, name), Weights(checkpoint(), name)) << name;
  }
  EXPECT_NE(Weights(fine, "decoders.anna.0.weight"), Weights(fine, "decoders.bert.0.weight"));
}

TEST_F(TrainerTest, GivesNewPeopleTheDecodersOfABaseThatNobodyElseUses) {
  Train(Options(2));
  const std::vector<std::filesystem::path> images = Faces()[0].images;
  const std::vector<TrainingFaces> people = {{"new", images}, {"anna", images}, {"newer", images}};
  NullProgress progress;
  TrainModel(dir_ / "fine", people, kStored, StandStill(), checkpoint(), progress, {});
  const fs::path fine = dir_ / "fine" / "checkpoint.safetensors";
  const std::vector<float> anna = Weights(checkpoint(), "decoders.anna.0.weight"),
                           bert = Weights(checkpoint(), "decoders.bert.0.weight");
  EXPECT_EQ(Weights(fine, "decoders.anna.0.weight"), anna);
  EXPECT_EQ(Weights(fine, "decoders.new.0.weight"), bert);
  EXPECT_EQ(Weights(fine, "decoders.newer.0.weight"), anna);  // none is left: from the first again
}

TEST_F(TrainerTest, LearnsFromFlatPicturesWithoutLosingItsNumbers) {
  TempDir flat;
  std::vector<TrainingFaces> people = {{"gray", {}}, {"black", {}}};
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

}  // namespace
}  // namespace reelswap
