#include <cmath>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "model/trainer_fixture.h"

namespace reelswap {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::FakeClock;
using testing::kStored;
using testing::TrainerTest;
using testing::Weights;
namespace fs = std::filesystem;

std::vector<int64_t> IterationsOf(const std::vector<ScorePoint>& scores) {
  std::vector<int64_t> iterations;
  for (const ScorePoint& point : scores) iterations.push_back(point.iteration);
  return iterations;
}

/// Gives these scores one after the other, then the last one again and again.
TrainHooks Scripted(std::vector<double> scores) {
  TrainHooks hooks;
  auto next = std::make_shared<size_t>(0);
  hooks.score = [=](const SwapFunction&) {
    HeldOutScore score;
    score.score = scores[std::min((*next)++, scores.size() - 1)];
    score.numbers["twice"] = 2 * score.score;
    return score;
  };
  return hooks;
}

using TrainerScoresTest = TrainerTest;

TEST_F(TrainerScoresTest, ScoresTheAveragedWeightsAsTheyAreShipped) {
  TrainOptions options = Options(12);
  options.score_every = 6;
  std::vector<SwappedCrop> last;
  TrainHooks hooks;
  double next = 0.1;
  hooks.score = [&](const SwapFunction& swap) {
    last = swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, 64)}, "bert");
    EXPECT_THROW(swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, 128)}, "bert"), std::invalid_argument);
    EXPECT_THROW(swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, 64)}, "nobody"), Error);
    return HeldOutScore{next += 0.1, {}};
  };
  const TrainSummary summary = Train(options, {}, hooks);
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(6, 12));
  ASSERT_TRUE(summary.best);
  EXPECT_EQ(summary.best->iteration, 12);

  ExportShipped(folder(), dir_ / "shipped.safetensors");
  const FaceSwapper swapper(dir_ / "shipped.safetensors", "cpu", 1);
  const auto shipped = swapper.Swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, 64)}, "bert");
  EXPECT_EQ(cv::norm(shipped[0], last[0].image, cv::NORM_INF), 0);
  EXPECT_EQ(ReadWeightsInfo(dir_ / "shipped.safetensors").iterations, 12);
}

TEST_F(TrainerScoresTest, GivesHooksTheMasksThatTheNetworkDraws) {
  TrainOptions options = Options(1);
  options.score_every = 1;
  std::vector<TrainingFaces> people = Faces();
  Landmarks round;  // masks are learnt from where the faces are
  for (size_t i = 0; i < round.size(); ++i) {
    const double angle = 2 * CV_PI * static_cast<double>(i) / kLandmarkCount;
    round[i] = {static_cast<float>(64 + 40 * std::cos(angle)), static_cast<float>(64 + 40 * std::sin(angle))};
  }
  for (TrainingFaces& person : people) person.landmarks.assign(person.images.size(), round);
  for (const char* architecture : {"light", "hd128"}) {
    options.architecture = architecture;
    const CropGeometry input = FindArchitecture(architecture).input, output = FindArchitecture(architecture).output;
    TrainHooks hooks;
    std::vector<SwappedCrop> swapped;
    hooks.score = [&](const SwapFunction& swap) {
      swapped = swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, input.size)}, "bert");
      return HeldOutScore{0.5, {}};
    };
    NullProgress progress;
    TrainModel(dir_ / architecture, people, kStored, options, std::nullopt, progress, {}, hooks);
    ASSERT_EQ(swapped.size(), 1u) << architecture;
    if (std::string(architecture) == "light") {
      EXPECT_TRUE(swapped[0].mask.empty());
    } else {
      EXPECT_EQ(swapped[0].mask.size(), cv::Size(output.size, output.size));
      EXPECT_EQ(swapped[0].mask.type(), CV_8UC1);
    }
  }
}

TEST_F(TrainerScoresTest, ShowsNoPreviewThatWasNotMarked) {
  TrainHooks hooks;
  const fs::path preview = folder() / "preview.png";
  int marked = 0;
  hooks.mark = [&](const fs::path& picture) {
    ++marked;
    EXPECT_EQ(picture.parent_path(), folder());
    EXPECT_EQ(picture.extension(), ".png");
    EXPECT_NE(picture, preview);
    EXPECT_FALSE(fs::exists(preview));
    EXPECT_FALSE(cv::imread(picture.string()).empty());
    cv::imwrite(picture.string(), cv::Mat(7, 9, CV_8UC3, cv::Scalar::all(200)));
  };
  Train(Options(2), {}, hooks);
  EXPECT_EQ(marked, 1);
  EXPECT_EQ(cv::imread(preview.string()).size(), cv::Size(9, 7));

  hooks.mark = [](const fs::path&) { throw Error(ErrorKind::kMedia, "the marks do not stick"); };
  const fs::path other = dir_ / "other";
  EXPECT_THAT(Failure(ErrorKind::kMedia, [&] { TrainIn(other, Options(2), {}, hooks); }), HasSubstr("do not stick"));
  for (const auto& entry : fs::directory_iterator(other)) {
    EXPECT_NE(entry.path().extension(), ".png") << entry.path();
  }
}

TEST_F(TrainerScoresTest, ShipsTheBestScoreNotTheLast) {
  TrainOptions options = Options(8);
  options.score_every = 2;
  const TrainSummary summary = Train(options, {}, Scripted({0.3, 0.7, 0.5, 0.7}));
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(2, 4, 6, 8));
  EXPECT_EQ(summary.best->iteration, 4);  // of equals the earlier
  EXPECT_EQ(summary.best->result.numbers.at("twice"), 1.4);
  EXPECT_EQ(ReadWeightsInfo(best()).iterations, 4);
  ExportShipped(folder(), dir_ / "shipped.safetensors");
  EXPECT_EQ(Weights(dir_ / "shipped.safetensors", "encoder.1.weight"), Weights(best(), "encoder.1.weight"));
  EXPECT_EQ(ReadWeightsInfo(dir_ / "shipped.safetensors").iterations, 4);

  const TrainSummary again = Train(options, {}, Scripted({0.9}));
  EXPECT_TRUE(again.already_finished);
  EXPECT_EQ(again.best->iteration, 4);
  EXPECT_EQ(again.scores.size(), 4u);
  options.iterations = 10;
  EXPECT_EQ(Train(options, {}, Scripted({0.6})).best->iteration, 4);
  options.iterations = 12;
  EXPECT_EQ(Train(options, {}, Scripted({0.8})).best->iteration, 12);
}

TEST_F(TrainerScoresTest, ShipsTheNewestCheckpointWithoutAScorer) {
  EXPECT_THAT(Failure(ErrorKind::kModel, [&] { ExportShipped(folder(), dir_ / "w"); }), HasSubstr("no trained model"));
  Train(Options(3));
  ExportShipped(folder(), dir_ / "shipped.safetensors");
  ExportWeights(checkpoint(), dir_ / "exported.safetensors");
  EXPECT_EQ(Sha256OfFile(dir_ / "shipped.safetensors"), Sha256OfFile(dir_ / "exported.safetensors"));
  EXPECT_EQ(ReadWeightsInfo(dir_ / "shipped.safetensors").iterations, 3);
}

TEST_F(TrainerScoresTest, ShipsTheCheckpointWhenTheBestWeightsAreDamaged) {
  TrainOptions options = Options(4);
  options.score_every = 2;
  Train(options, {}, Scripted({0.9, 0.1}));
  fs::resize_file(best(), fs::file_size(best()) - 1);
  ExportShipped(folder(), dir_ / "shipped.safetensors");
  EXPECT_EQ(ReadWeightsInfo(dir_ / "shipped.safetensors").iterations, 4);
  // Going on, the next score is the best there is.
  options.iterations = 6;
  EXPECT_EQ(Train(options, {}, Scripted({0.2})).best->iteration, 6);
}

TEST_F(TrainerScoresTest, KeepsABestThatWasScoredAfterTheLastCheckpointOfAKilledRun) {
  TrainOptions options = Options(4);
  options.score_every = 2;
  Train(options, {}, Scripted({0.2, 0.3}));
  fs::copy(folder(), dir_ / "killed");
  options.iterations = 6;
  Train(options, {}, Scripted({0.9}));
  fs::copy_file(best(), dir_ / "killed" / "best.safetensors", fs::copy_options::overwrite_existing);
  const TrainSummary summary = TrainIn(dir_ / "killed", options, {}, Scripted({0.4}));
  EXPECT_EQ(summary.best->result.score, 0.9);
  EXPECT_EQ(summary.best->iteration, 6);
}

TEST_F(TrainerScoresTest, ShipsTheMostTrainedWeightsWhileScoresAreAtTheirFloor) {
  TrainOptions options = Options(6);
  options.score_every = 2;
  EXPECT_EQ(Train(options, {}, Scripted({0})).best->iteration, 6);
  EXPECT_EQ(ReadWeightsInfo(best()).iterations, 6);
}

TEST_F(TrainerScoresTest, ForgetsScoresThatWereTakenOnSomethingElse) {
  TrainOptions options = Options(4);
  options.score_every = 2;
  TrainHooks hooks = Scripted({0.9});
  hooks.score_key = "these clips";
  Train(options, {}, hooks);
  hooks = Scripted({0.4});
  hooks.score_key = "other clips";
  options.iterations = 8;
  const TrainSummary summary = Train(options, {}, hooks);
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(6, 8));
  EXPECT_EQ(summary.best->result.score, 0.4);
  EXPECT_EQ(ReadWeightsInfo(best()).iterations, 6);
  EXPECT_TRUE(fs::exists(folder() / "earlier" / "best.safetensors"));
}

TEST_F(TrainerScoresTest, EndsWithTheHooksErrorAndKeepsTheCheckpoint) {
  TrainOptions options = Options(6);
  options.save_every = 2;
  options.score_every = 5;
  TrainHooks hooks;
  hooks.score = [](const SwapFunction&) -> HeldOutScore { throw Error(ErrorKind::kMedia, "held out clip is gone"); };
  EXPECT_THAT(Failure(ErrorKind::kMedia, [&] { Train(options, {}, hooks); }), HasSubstr("held out clip"));
  EXPECT_EQ(ReadWeightsInfo(checkpoint()).iterations, 4);
}

TEST_F(TrainerScoresTest, DoesNotCountAScoreThatIsNoNumber) {
  TrainOptions options = Options(4);
  options.score_every = 2;
  const TrainSummary summary = Train(options, {}, Scripted({std::nan(""), 0.5}));
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(4));
  EXPECT_EQ(summary.best->iteration, 4);
}

TEST_F(TrainerScoresTest, WritesLossesAndScoresIntoTheTable) {
  TrainOptions options = Options(28);
  options.score_every = 14;
  Train(options, {}, Scripted({0.25, 0.5}));
  std::ifstream in(folder() / "history.csv");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "iteration,seconds,loss anna,loss bert,score,twice");
  EXPECT_THAT(lines[1], ::testing::MatchesRegex("14,[0-9.]+,,,0.25,0.5"));
  EXPECT_THAT(lines[2], ::testing::MatchesRegex("25,[0-9.]+,0.[0-9]+,0.[0-9]+,,"));
  EXPECT_THAT(lines[3], ::testing::MatchesRegex("28,[0-9.]+,0.[0-9]+,0.[0-9]+,0.5,1"));
}

TEST_F(TrainerScoresTest, SpreadsMilestonesOverTheTraining) {
  TrainOptions options = Options(18);
  options.milestone_every = 2;
  Train(options);
  std::vector<int64_t> kept;
  for (int64_t i = 1; i <= 18; ++i) {
    const fs::path path = folder() / ("milestone_000000" + std::string(i < 10 ? "0" : "") + std::to_string(i) + ".safetensors");
    if (!fs::exists(path)) continue;
    kept.push_back(i);
    EXPECT_EQ(ReadWeightsInfo(path).iterations, i);
  }
  ASSERT_EQ(kept.size(), 5u);
  EXPECT_EQ(kept.back(), 18);
  EXPECT_LE(kept.front(), 6);
  EXPECT_LT(fs::file_size(folder() / "milestone_00000018.safetensors"), fs::file_size(checkpoint()) / 2);
}

/// A training whose steps take a second each, and whose scores take 6 by the same clock.
class TrainerClockTest : public TrainerTest {
 protected:
  TrainingSeams Seams() {
    TrainingSeams seams;
    seams.clock = clock_.clock();
    seams.before_step = [this](int64_t, int) { clock_.Advance(1); };
    return seams;
  }
  TrainHooks Hooks() {
    TrainHooks hooks;
    hooks.score = [this](const SwapFunction&) {
      clock_.Advance(6);
      return HeldOutScore{0.5, {}};
    };
    hooks.preview = [this](const SwapFunction& swap, int64_t iteration, double) {
      EXPECT_EQ(swap(std::vector<cv::Mat>{testing::DrawFace(0, 3, 64)}, "anna").size(), 1u);
      clock_.Advance(10);
      previews_.push_back(iteration);
    };
    return hooks;
  }
  FakeClock clock_;
  std::vector<int64_t> previews_;
};

TEST_F(TrainerClockTest, StopsAfterItsHoursOfTrainingWithoutCountingScores) {
  TrainOptions options = Options(1'000'000);
  options.max_hours = 20.0 / 3600;
  options.score_every = 5;
  const TrainSummary summary = TrainIn(folder(), options, Seams(), Hooks());
  EXPECT_EQ(summary.stop_reason, "hours");
  EXPECT_EQ(summary.iterations, 20);
  EXPECT_EQ(summary.seconds, 20);
  EXPECT_EQ(summary.history.back().seconds, 20);
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(5, 10, 15, 20));
  EXPECT_EQ(summary.scores[1].seconds, 10);
  EXPECT_TRUE(TrainIn(folder(), options, Seams(), Hooks()).already_finished);
}

TEST_F(TrainerClockTest, StopsAtAMinuteOfTheDay) {
  TrainOptions options = Options(1'000'000);
  const std::time_t noon = std::chrono::system_clock::to_time_t(clock_.clock().now());
  std::tm local{};
  localtime_r(&noon, &local);
  options.until_minute = (local.tm_hour * 60 + local.tm_min + 1) % 1440;  // 60 s from now
  TrainingSeams seams = Seams();
  seams.before_step = [this](int64_t, int) { clock_.Advance(10); };
  const TrainSummary summary = TrainIn(folder(), options, seams);
  EXPECT_EQ(summary.stop_reason, "until");
  EXPECT_EQ(summary.iterations, 6);
  // The next run goes on to the same minute of the next day.
  options.iterations = 8;
  EXPECT_EQ(TrainIn(folder(), options, Seams()).stop_reason, "iterations");
}

TEST_F(TrainerClockTest, StopsOnAPlateauOfTheScore) {
  TrainOptions options = Options(1000);
  options.plateau = true;
  options.score_every = 1;
  const TrainSummary summary = TrainIn(folder(), options, Seams(), Scripted({0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.501}));
  EXPECT_EQ(summary.stop_reason, "plateau");
  EXPECT_EQ(summary.iterations, 8);
  EXPECT_TRUE(TrainIn(folder(), options, Seams(), Scripted({0.5})).already_finished);
  EXPECT_THAT(Failure(ErrorKind::kUsage, [&] { TrainIn(dir_ / "other", options, Seams()); }),
              AllOf(HasSubstr("evaluate.hold_out"), HasSubstr("evaluate.actors")));
}

TEST_F(TrainerClockTest, ScoresAShortTrainingOnceAtItsEnd) {
  const TrainSummary summary = TrainIn(folder(), Options(20), Seams(), Hooks());
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(20));
}

TEST_F(TrainerClockTest, SlowChoosesScoresThatTakeThreePerCentOfTheTime) {
  TrainOptions options = Options(170);
  TrainingSeams seams = Seams();
  seams.before_step = [this](int64_t, int) { clock_.Advance(5); };
  const TrainSummary summary = TrainIn(folder(), options, seams, Hooks());
  // 6 s each, one in 200 s, which are 40 steps; and always the last.
  EXPECT_THAT(IterationsOf(summary.scores), ElementsAre(100, 140, 170));
}

TEST_F(TrainerClockTest, LeavesOutPreviewsThatWouldTakeMoreThanFivePerCentOfTheTime) {
  TrainOptions options = Options(19);
  options.preview_every = 2;
  TrainingSeams seams = Seams();
  seams.before_step = [this](int64_t, int) { clock_.Advance(30); };
  TrainHooks hooks = Hooks();
  hooks.score = {};
  const TrainSummary summary = TrainIn(folder(), options, seams, hooks);
  EXPECT_THAT(previews_, ElementsAre(2, 10, 18, 19));  // 10 s each, one in 200 s; and always the last
  EXPECT_EQ(summary.seconds, 19 * 30);
}

}  // namespace
}  // namespace reelswap
