#include <cmath>
#include <limits>
#include <new>

#include "core/log.h"
#include "model/out_of_memory.h"
#include "model/trainer_fixture.h"

namespace reelswap {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Differences;
using testing::kStored;
using testing::TrainerTest;
namespace fs = std::filesystem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Collects warnings while it lives.
class Warnings {
 public:
  Warnings() {
    SetLogListener([this](const std::string& line) { lines_.push_back(line); });
  }
  ~Warnings() { SetLogListener({}); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

using TrainerTrustTest = TrainerTest;

TEST_F(TrainerTrustTest, RollsBackToTheLastCheckpointWithHalfTheRateWhenTheLossIsNoNumber) {
  TrainOptions options = Options(30);
  options.save_every = 10;
  bool broken = false;
  TrainingSeams seams;
  seams.seen_losses = [&](int64_t iteration, std::vector<double>& losses) {
    if (iteration != 17 || broken) return;
    broken = true;
    losses[1] = kNaN;
  };
  const Warnings warnings;
  const TrainSummary summary = TrainIn(folder(), options, seams);
  EXPECT_EQ(summary.iterations, 30);
  EXPECT_EQ(summary.rollbacks, 1);
  EXPECT_THAT(warnings.lines(), ::testing::Contains(AllOf(
      HasSubstr("the loss of bert is no longer a number at iteration 17"), HasSubstr("from iteration 10"))));
  for (size_t i = 1; i < summary.history.size(); ++i) {
    EXPECT_GT(summary.history[i].iteration, summary.history[i - 1].iteration);
  }

  // Half the rate and other batches from step 10 on: not the weights of an undisturbed training.
  TrainIn(dir_ / "undisturbed", options);
  EXPECT_NE(Differences(checkpoint(), dir_ / "undisturbed" / "checkpoint.safetensors").size(), 0u);
  // The rate stays low when the training goes on later.
  SafetensorsFile file(checkpoint());
  EXPECT_EQ(file.metadata().at("rate_factor"), "0.5");
  EXPECT_EQ(file.metadata().at("rollbacks"), "1");
  options.iterations = 31;
  EXPECT_EQ(TrainIn(folder(), options).rollbacks, 1);
}

TEST_F(TrainerTrustTest, KeepsTheBestThatWasScoredBeforeARollback) {
  TrainOptions options = Options(12);
  options.save_every = 4;
  options.score_every = 3;
  bool broken = false;
  TrainingSeams seams;
  seams.seen_losses = [&](int64_t iteration, std::vector<double>& losses) {
    if (iteration != 7 || broken) return;
    broken = true;
    losses[0] = kNaN;
  };
  TrainHooks hooks;
  int scored = 0;
  hooks.score = [&](const SwapFunction&) {
    // Iterations 3, 6 (after the checkpoint at 4, before the end at 7), then 6, 9 and 12 once more.
    constexpr double kScores[] = {0.3, 0.9, 0.5, 0.6, 0.7};
    return HeldOutScore{kScores[std::min(scored++, 4)], {}};
  };
  NullProgress progress;
  const std::vector<TrainingFaces> faces = Faces();
  const TrainSummary summary =
      RunTraining({folder(), faces, kStored, options, std::nullopt, progress, {}, hooks}, seams);
  EXPECT_EQ(summary.rollbacks, 1);
  ASSERT_TRUE(summary.best);
  EXPECT_EQ(summary.best->result.score, 0.9);
  EXPECT_EQ(ReadWeightsInfo(best()).iterations, 6);
}

TEST_F(TrainerTrustTest, RollsBackToTheStartWhenThereIsNoCheckpointYet) {
  bool broken = false;
  TrainingSeams seams;
  seams.seen_losses = [&](int64_t iteration, std::vector<double>& losses) {
    if (iteration != 5 || broken) return;
    broken = true;
    losses[0] = kNaN;
  };
  const TrainSummary summary = TrainIn(folder(), Options(8), seams);
  EXPECT_EQ(summary.iterations, 8);
  EXPECT_EQ(summary.rollbacks, 1);
}

TEST_F(TrainerTrustTest, SlowRollsBackWhenTheLossRunsAway) {
  TrainOptions options = Options(150);
  options.save_every = 10;
  int64_t furthest = 0;
  TrainingSeams seams;
  seams.seen_losses = [&](int64_t iteration, std::vector<double>& losses) {
    const bool first_time = iteration > furthest;
    furthest = std::max(furthest, iteration);
    losses.assign(losses.size(), first_time && iteration > 30 && iteration <= 125 ? 0.9 : 0.2);
  };
  const Warnings warnings;
  const TrainSummary summary = TrainIn(folder(), options, seams);
  EXPECT_EQ(summary.rollbacks, 1);
  // Nothing more was saved once a window's loss was far from what it had been (steps 26 to 50).
  EXPECT_THAT(warnings.lines(), ::testing::Contains(AllOf(HasSubstr("ran away"), HasSubstr("from iteration 40"))));
}

TEST_F(TrainerTrustTest, EndsAfterThreeRollbacksWithoutACheckpointInBetween) {
  Train(Options(5));
  const std::string good = Sha256OfFile(checkpoint());
  TrainOptions wild = Options(40);
  wild.learning_rate = 1e30;
  wild.save_every = 1;
  const std::string sentence = TrainFailure(ErrorKind::kModel, wild, Faces());
  EXPECT_THAT(sentence, AllOf(HasSubstr("third time in a row"), HasSubstr("lower train.learning_rate")));
  EXPECT_EQ(Sha256OfFile(checkpoint()), good);
  EXPECT_EQ(Train(Options(6)).iterations, 6);
}

TEST_F(TrainerTrustTest, SlowSeesANetworkThatDiedOfTooHighARateThoughItsLossIsANumber) {
  TrainOptions options = Options(400);
  options.learning_rate = 0.2;
  options.save_every = 50;
  const Warnings warnings;
  EXPECT_THAT(Failure(ErrorKind::kModel, [&] { TrainIn(folder(), options); }), HasSubstr("third time in a row"));
  EXPECT_THAT(warnings.lines(), ::testing::Contains(AllOf(HasSubstr("answers every face with the same picture"),
                                                          HasSubstr("learning rate of 0.1"))));
  EXPECT_FALSE(fs::exists(checkpoint()));  // nothing of it was worth keeping
}

TEST_F(TrainerTrustTest, CutsBatchesWhenMemoryIsShortAndGoesOnWithTheSameOnes) {
  TrainOptions options = Options(10);
  options.batch = 4;
  TrainingSeams seams;
  std::vector<std::pair<int64_t, int>> attempts;
  seams.before_step = [&](int64_t iteration, int parts) {
    attempts.emplace_back(iteration, parts);
    if (iteration == 2 && parts == 1) throw std::bad_alloc();
    if (iteration == 4 && parts == 2) throw std::runtime_error("CUDA out of memory. Tried to allocate 2 GiB");
  };
  const Warnings warnings;
  const TrainSummary summary = TrainIn(folder(), options, seams);
  EXPECT_EQ(summary.iterations, 10);
  EXPECT_EQ(summary.batch_parts, 4);
  EXPECT_EQ(attempts[2], (std::pair<int64_t, int>{2, 1}));
  EXPECT_EQ(attempts[3], (std::pair<int64_t, int>{2, 2}));
  EXPECT_EQ(attempts.size(), 12u);
  EXPECT_EQ(warnings.lines().size(), 1u);  // once is enough
  EXPECT_THAT(warnings.lines().front(), HasSubstr("batches of 4 go through in 2 pieces"));

  // The same faces were learnt from, so the losses agree up to rounding (bf16 gradients: a few per cent).
  const TrainSummary whole = TrainIn(dir_ / "whole", options);
  for (const auto& [person, loss] : whole.history.back().loss) {
    EXPECT_NEAR(summary.history.back().loss.at(person) / loss, 1.0, 0.05) << person;
  }
  // Later runs begin with pieces.
  attempts.clear();
  options.iterations = 11;
  seams.before_step = [&](int64_t iteration, int parts) { attempts.emplace_back(iteration, parts); };
  TrainIn(folder(), options, seams);
  EXPECT_EQ(attempts, (std::vector<std::pair<int64_t, int>>{{10, 4}}));
}

TEST_F(TrainerTrustTest, SaysSoWhenNotEvenOneFaceFitsIntoMemory) {
  TrainingSeams seams;
  seams.before_step = [](int64_t, int) { throw std::bad_alloc(); };
  EXPECT_THAT(Failure(ErrorKind::kModel, [&] { TrainIn(folder(), Options(3), seams); }),
              AllOf(HasSubstr("memory is too short"), HasSubstr("train.architecture")));
}

TEST_F(TrainerTrustTest, LetsOtherErrorsOfAStepThrough) {
  TrainingSeams seams;
  seams.before_step = [](int64_t, int) { throw std::runtime_error("a cable came loose"); };
  EXPECT_THROW(TrainIn(folder(), Options(3), seams), std::runtime_error);
}

TEST(OutOfMemory, IsToldFromOtherErrors) {
  EXPECT_TRUE(IsOutOfMemory(std::bad_alloc()));
  EXPECT_TRUE(IsOutOfMemory(std::runtime_error("CUDA out of memory. Tried to allocate 20.00 MiB")));
  EXPECT_TRUE(IsOutOfMemory(std::runtime_error(
      "[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: can't allocate memory: you tried to allocate")));
  EXPECT_FALSE(IsOutOfMemory(std::runtime_error("shape mismatch")));
}

}  // namespace
}  // namespace reelswap
