#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/model_metadata.h"
#include "model/trainer_fixture.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Differences;
using testing::kStored;
using testing::StoppingProgress;
using testing::TrainerTest;
using testing::Weights;
namespace fs = std::filesystem;

class TrainerResumeTest : public TrainerTest {
 protected:
  /// Checkpoints of step 4 and, as the previous one, of step 2.
  void TrainTwice() {
    Train(Options(2));
    Train(Options(4));
  }
};

TEST_F(TrainerResumeTest, GoesOnAfterAnInterruptionBitForBitAsIfThereHadBeenNone) {
  StoppingProgress stopper(1);  // the first step is always reported
  TrainOptions options = Options(30);
  NullProgress progress;
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

  TrainIn(dir_ / "whole", options);
  EXPECT_THAT(Differences(checkpoint(), dir_ / "whole" / "checkpoint.safetensors"), IsEmpty());
}

TEST_F(TrainerResumeTest, GivesTheSameWeightsForASeedAndOthersForAnother) {
  TrainOptions options = Options(8);
  TrainIn(dir_ / "one", options);
  TrainIn(dir_ / "two", options);
  EXPECT_THAT(Differences(dir_ / "one" / "checkpoint.safetensors", dir_ / "two" / "checkpoint.safetensors"),
              IsEmpty());
  options.seed = 2;
  TrainIn(dir_ / "three", options);
  EXPECT_NE(Weights(dir_ / "one" / "checkpoint.safetensors", "encoder.1.weight"),
            Weights(dir_ / "three" / "checkpoint.safetensors", "encoder.1.weight"));
}

TEST_F(TrainerResumeTest, ReturnsAtOnceWhenFinishedWithoutTouchingAFile) {
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

TEST_F(TrainerResumeTest, FallsBackToThePreviousCheckpointWhereverTheNewestIsCutShort) {
  TrainTwice();
  const auto size = fs::file_size(checkpoint());
  int number = 0;
  for (const uintmax_t length : {uintmax_t{0}, uintmax_t{7}, uintmax_t{3000}, size / 2, size - 1}) {
    const fs::path copy = dir_ / std::to_string(number++);
    fs::copy(folder(), copy);
    fs::resize_file(copy / "checkpoint.safetensors", length);
    const TrainSummary summary = TrainIn(copy, Options(3));
    EXPECT_TRUE(summary.resumed) << length;
    EXPECT_EQ(summary.iterations_this_run, 1) << length;  // from step 2
    EXPECT_EQ(ReadWeightsInfo(copy / "checkpoint.safetensors").iterations, 3);
    // The damaged file did not replace the good one.
    EXPECT_EQ(ReadWeightsInfo(copy / "checkpoint.previous.safetensors").iterations, 2);
    EXPECT_TRUE(fs::exists(copy / "checkpoint.damaged.safetensors"));
  }
}

TEST_F(TrainerResumeTest, FallsBackToThePreviousCheckpointWhenAnyBitHasFlipped) {
  TrainTwice();
  SafetensorsFile file(checkpoint());
  const auto offset = [&](const char* name) { return static_cast<int64_t>(file.Find(name)->offset); };
  const int64_t size = static_cast<int64_t>(fs::file_size(checkpoint()));
  int number = 0;
  for (const int64_t place : {int64_t{0}, int64_t{9}, int64_t{500}, offset("encoder.1.weight"),
                              offset("adam.v.encoder.1.weight") + 1, offset("history.loss") + 2, size - 1}) {
    const fs::path copy = dir_ / std::to_string(number++);
    fs::copy(folder(), copy);
    std::fstream flipped(copy / "checkpoint.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    flipped.seekg(place);
    const char byte = static_cast<char>(flipped.get() ^ 1);
    flipped.seekp(place);
    flipped.put(byte);
    flipped.close();
    EXPECT_EQ(TrainIn(copy, Options(3)).iterations_this_run, 1) << place;
  }
}

TEST_F(TrainerResumeTest, RefusesToStartOverADamagedCheckpoint) {
  Train(Options(2));
  std::ofstream(checkpoint(), std::ios::trunc) << "rubbish";
  EXPECT_THAT(TrainFailure(ErrorKind::kModel, Options(5), Faces()), HasSubstr("move the file away"));
  EXPECT_EQ(fs::file_size(checkpoint()), 7u);
}

TEST_F(TrainerResumeTest, GoesOnFromThePreviousCheckpointWhenTheNewestIsGone) {
  TrainTwice();
  fs::remove(checkpoint());
  EXPECT_EQ(Train(Options(3)).iterations_this_run, 1);
}

TEST_F(TrainerResumeTest, KeepsTheOldCheckpointWhenTheDiskIsFull) {
  Train(Options(2));
  const std::string good = Sha256OfFile(checkpoint());
  // A limit on the size of files fails like a full disk: in the middle of the write.
  const auto ignore = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence = TrainFailure(ErrorKind::kDisk, Options(4), Faces());
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignore);
  EXPECT_THAT(sentence, ::testing::AllOf(HasSubstr("cannot write"), HasSubstr("run again")));
  EXPECT_EQ(Sha256OfFile(checkpoint()), good);
  EXPECT_EQ(Train(Options(4)).iterations_this_run, 2);
}

/// The format of the first version: no averages, no checksums, no scores.
void MakeOld(const fs::path& path) {
  SafetensorsFile file(path);
  nlohmann::ordered_json header;
  auto metadata = file.metadata();
  for (const char* name : {"scores", "score_cost_seconds", "rate_factor", "rollbacks", "batch_parts"}) {
    metadata.erase(name);
  }
  header["__metadata__"] = metadata;
  std::string data;
  for (const SafetensorsEntry& entry : file.entries()) {
    if (entry.name.rfind("average.", 0) == 0) continue;
    std::string bytes(entry.bytes, '\0');
    file.Read(entry, std::as_writable_bytes(std::span(bytes)));
    header[entry.name] = {{"dtype", entry.dtype},
                          {"shape", entry.shape},
                          {"data_offsets", {data.size(), data.size() + bytes.size()}}};
    data += bytes;
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(&length), 8) << text << data;
}

TEST_F(TrainerResumeTest, GoesOnFromACheckpointOfTheFirstVersion) {
  Train(Options(5));
  MakeOld(checkpoint());
  ASSERT_FALSE(SafetensorsFile(checkpoint()).has_checksums());
  const auto old = Weights(checkpoint(), "encoder.1.weight");
  TrainOptions rest = Options(6);
  rest.learning_rate = 1e-30;
  EXPECT_EQ(Train(rest).iterations_this_run, 1);
  EXPECT_TRUE(SafetensorsFile(checkpoint()).has_checksums());
  EXPECT_EQ(Weights(checkpoint(), "encoder.1.weight"), old);
  ExportWeights(checkpoint(), dir_ / "w.safetensors");
  EXPECT_EQ(Weights(dir_ / "w.safetensors", "encoder.1.weight"), old);  // the averages began with them
}

TEST_F(TrainerResumeTest, FallsBackWhenAnOldNewestHoldsWeightsThatAreNoNumbers) {
  TrainTwice();
  MakeOld(checkpoint());
  const SafetensorsFile file(checkpoint());
  const float infinity = std::numeric_limits<float>::infinity();
  std::fstream(checkpoint(), std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(file.Find("adam.v.encoder.1.weight")->offset))
      .write(reinterpret_cast<const char*>(&infinity), 4);
  EXPECT_EQ(Train(Options(6)).iterations_this_run, 4);
}

TEST_F(TrainerResumeTest, LeavesNoTemporaryFilesBehindAndRemovesThoseOfAKilledTraining) {
  fs::create_directories(folder());
  for (const char* name : {"checkpoint.999999999-3.part.safetensors", "milestone_00000002.999999999-9.part.safetensors",
                           "loss.999999999-0.part.png", "mine.999999999-0.part.png"}) {
    std::ofstream(folder() / name) << "half";
  }
  TrainOptions options = Options(4);
  options.save_every = 1;
  Train(options);
  for (const auto& entry : fs::directory_iterator(folder())) {
    EXPECT_THAT(entry.path().filename().string(),
                ::testing::AnyOf("checkpoint.safetensors", "checkpoint.previous.safetensors", "preview.png",
                                 "loss.png", "history.csv", "mine.999999999-0.part.png"));
  }
  EXPECT_TRUE(fs::exists(folder() / "mine.999999999-0.part.png"));
}

TEST_F(TrainerResumeTest, SetsWeightsOfAnEarlierTrainingAside) {
  Train(Options(2));
  fs::rename(checkpoint(), best());
  fs::copy(best(), folder() / "milestone_00000002.safetensors");
  Train(Options(1));
  EXPECT_FALSE(fs::exists(best()));
  EXPECT_TRUE(fs::exists(folder() / "earlier" / "best.safetensors"));
  EXPECT_TRUE(fs::exists(folder() / "earlier" / "milestone_00000002.safetensors"));
  const std::string kept = Sha256OfFile(folder() / "earlier" / "best.safetensors");
  fs::rename(checkpoint(), best());
  Train(Options(1));
  EXPECT_EQ(Sha256OfFile(folder() / "earlier" / "best.safetensors"), kept);  // not written over
  EXPECT_TRUE(fs::exists(folder() / "earlier_2" / "best.safetensors"));
}

/// Landmarks that make a mask of the middle of every picture.
std::vector<TrainingFaces> WithLandmarks(std::vector<TrainingFaces> people) {
  Landmarks round;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const float angle = 6.2832f * static_cast<float>(i) / kLandmarkCount;
    round[i] = {64 + 35 * std::cos(angle), 64 + 35 * std::sin(angle)};
  }
  for (TrainingFaces& person : people) {
    person.landmarks.assign(person.images.size(), round);
    for (size_t i = 0; i < person.images.size(); ++i) person.poses.push_back({static_cast<float>(5 * i), 0, 0});
  }
  return people;
}

TEST_F(TrainerResumeTest, GoesOnExactlyWithMasksCriticsAndBalancedBatches) {
  TrainOptions options = Options(8);
  options.architecture = "hd128";
  options.adversarial = true;  // learns from three quarters on, is heard from four fifths on
  const std::vector<TrainingFaces> people = WithLandmarks(Faces());
  NullProgress quiet;
  TrainModel(dir_ / "whole", people, kStored, options, std::nullopt, quiet, {});
  std::stop_source stop;
  TrainingSeams seams;
  seams.before_step = [&](int64_t iteration, int) {
    if (iteration == 6) stop.request_stop();  // after the step that has begun
  };
  const TrainHooks no_hooks;
  RunTraining({folder(), people, kStored, options, std::nullopt, quiet, stop.get_token(), no_hooks}, seams);
  EXPECT_EQ(ReadWeightsInfo(checkpoint()).iterations, 7);
  TrainModel(folder(), people, kStored, options, std::nullopt, quiet, {});
  EXPECT_THAT(Differences(checkpoint(), dir_ / "whole" / "checkpoint.safetensors"), IsEmpty());
}

TEST_F(TrainerResumeTest, SaysThatMasksNeedLandmarks) {
  TrainOptions options = Options(2);
  options.architecture = "hd128";
  EXPECT_THAT(TrainFailure(ErrorKind::kFaces, options, Faces()), HasSubstr("collect the faces again"));
}

TEST_F(TrainerResumeTest, TurnsTheCriticsOnOrOffBetweenRuns) {
  TrainOptions options = Options(4);
  Train(options);
  options.adversarial = true;
  options.iterations = 8;
  EXPECT_EQ(Train(options).iterations_this_run, 4);
  options.iterations = 10;
  EXPECT_EQ(Train(options).iterations_this_run, 2);
  options.adversarial = false;
  options.iterations = 11;
  EXPECT_EQ(Train(options).iterations_this_run, 1);
}

}  // namespace
}  // namespace reelswap
