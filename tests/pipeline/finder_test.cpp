#include "pipeline/finder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/plan.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

FinderPoint Point(int batch, int threads, double images_per_second) {
  return {batch, threads, {images_per_second, images_per_second, 2e3 * batch / images_per_second}};
}

FinderMachine Machine(int cores = 4, int physical = 4) {
  FinderMachine machine;
  machine.device = "cpu (bf16)";
  machine.requested = "auto";
  machine.cores = cores;
  machine.physical_cores = physical;
  machine.memory_bytes = 64e9;
  return machine;
}

std::vector<std::pair<int, int>> BatchesAndThreads(const FinderResult& result) {
  std::vector<std::pair<int, int>> pairs;
  for (const FinderPoint& point : result.points) pairs.emplace_back(point.batch, point.threads);
  return pairs;
}

/// A machine whose speed is a formula and whose clock is moved by the measurements alone.
struct MadeUpMachine {
  std::function<double(int batch, int threads)> images_per_second;
  double bytes_per_face = 1e6;
  int fails_from = 1 << 30;
  double now = 100;
  double peak = 0;
  std::function<void()> after_each = [] {};

  FinderInstruments Instruments() {
    return {[this](int batch, int threads, double seconds) {
              if (batch >= fails_from) throw std::bad_alloc();
              const double step = 2.0 * batch / images_per_second(batch, threads);
              now += step + std::max(seconds, 2 * step);
              peak = std::max(peak, bytes_per_face * batch);
              after_each();
              return SpeedResult{2.0 * batch / step, 1.0, step * 1e3};
            },
            [this] { return now; }, [this] { return peak; }};
  }
};

FinderResult ExploreOn(MadeUpMachine& made_up, double seconds, int usual_batch = 16,
                       const FinderMachine& machine = Machine(), std::stop_token stop = {}) {
  NullProgress progress;
  return Explore("light", usual_batch, machine, seconds, made_up.Instruments(), progress, std::move(stop));
}

TEST(FastestBatch, IsTheOneWithTheMostImages) {
  EXPECT_EQ(FastestBatch({Point(4, 2, 100), Point(8, 2, 150), Point(16, 2, 120)}), 8);
}

TEST(FastestBatch, IsNothingWithoutAComparison) {
  EXPECT_EQ(FastestBatch({}), 0);
  EXPECT_EQ(FastestBatch({Point(4, 2, 100)}), 0);
  EXPECT_EQ(FastestBatch({Point(4, 2, 100), Point(4, 1, 90)}), 0);
}

TEST(FastestBatch, IsTheSmallestOfThoseThatNoiseCannotTellApart) {
  EXPECT_EQ(FastestBatch({Point(8, 2, 100), Point(16, 2, 148), Point(32, 2, 150), Point(64, 2, 149.9)}), 16);
  EXPECT_EQ(FastestBatch({Point(16, 2, 140), Point(32, 2, 150)}), 32);
}

TEST(FastestBatch, ComparesOnlyPointsOfOneThreadCount) {
  // A batch that was also measured with another thread count, where it was faster by chance.
  EXPECT_EQ(FastestBatch({Point(8, 4, 100), Point(16, 4, 120), Point(8, 2, 300)}), 16);
}

TEST(FastestThreads, AreThoseOfTheNearestBatchWithAChoice) {
  const std::vector<FinderPoint> points = {Point(8, 4, 100), Point(16, 4, 110), Point(16, 3, 130),
                                           Point(64, 4, 200), Point(64, 3, 150)};
  EXPECT_EQ(FastestThreads(points, 16), 3);
  EXPECT_EQ(FastestThreads(points, 4), 3);
  EXPECT_EQ(FastestThreads(points, 128), 4);
}

TEST(FastestThreads, LeaveCoresToOthersWhereMoreBringNothing) {
  EXPECT_EQ(FastestThreads({Point(16, 8, 100), Point(16, 4, 99), Point(16, 2, 60)}, 16), 4);
}

TEST(FastestThreads, AreNothingWithoutAComparison) {
  EXPECT_EQ(FastestThreads({Point(8, 4, 100), Point(16, 4, 110)}, 16), 0);
  EXPECT_EQ(FastestThreads({}, 16), 0);
}

TEST(ThreadCandidates, AreEachWorthTryingOnce) {
  EXPECT_THAT(ThreadCandidates(Machine(16, 8)), ElementsAre(16, 15, 8));
  EXPECT_THAT(ThreadCandidates(Machine(12, 12)), ElementsAre(12, 11, 6));
  EXPECT_THAT(ThreadCandidates(Machine(2, 2)), ElementsAre(2, 1));
  EXPECT_THAT(ThreadCandidates(Machine(1, 1)), ElementsAre(1));
  FinderMachine card = Machine(16, 8);
  card.device = "cuda: a card (bf16)";
  EXPECT_THAT(ThreadCandidates(card), ElementsAre(16));
}

TEST(Finder, MeasuresAllBatchesThenTheThreadsAtTheUsualOne) {
  MadeUpMachine made_up{[](int, int threads) { return 1e4 * threads; }};
  const FinderResult result = ExploreOn(made_up, 60, 24);
  EXPECT_THAT(BatchesAndThreads(result),
              ElementsAre(std::pair(4, 4), std::pair(8, 4), std::pair(16, 4), std::pair(24, 4), std::pair(32, 4),
                          std::pair(64, 4), std::pair(128, 4), std::pair(24, 3), std::pair(24, 2)));
  EXPECT_TRUE(result.left_out.empty());
  EXPECT_EQ(FastestThreads(result.points, 24), 4);
}

TEST(Finder, KeepsToItsTime) {
  for (const double speed : {1.0, 10.0, 26.0, 100.0, 3000.0}) {
    MadeUpMachine made_up{[&](int, int threads) { return speed * threads / 4; }};
    const double start = made_up.now;
    const FinderResult result = ExploreOn(made_up, 60, 64);
    ASSERT_FALSE(result.points.empty());
    // The first measurement cannot be foreseen: 3 steps of 8 images at the slowest speed take 24 s.
    EXPECT_LE(made_up.now - start, 60 + 24) << speed;
    EXPECT_EQ(result.left_out.empty(), speed > 50) << speed;
  }
}

TEST(Finder, SaysWhatItLeftOutForWantOfTime) {
  MadeUpMachine slow{[](int, int) { return 10.0; }};
  const FinderResult result = ExploreOn(slow, 30, 64);
  EXPECT_THAT(result.left_out.at(0), HasSubstr("batch 32 and more: a measurement would take some 19 s"));
  // The threads are then compared at a batch that there is time for.
  EXPECT_LT(result.points.back().threads, 4);
  EXPECT_LT(result.points.back().batch, 64);
  MadeUpMachine slower{[](int, int) { return 1.0; }};
  EXPECT_THAT(ExploreOn(slower, 10).left_out.back(), HasSubstr("--finder-seconds"));
}

TEST(Finder, TriesNoBatchThatCouldExhaustTheMemory) {
  MadeUpMachine made_up{[](int, int) { return 1e4; }};
  made_up.bytes_per_face = 1e9;
  const FinderResult result = ExploreOn(made_up, 60);
  EXPECT_THAT(result.left_out.at(0), HasSubstr("batch 64 and more: it could need 64.0 GB of memory, 64.0 GB are free"));
  EXPECT_DOUBLE_EQ(made_up.peak, 32e9);
}

TEST(Finder, EndsTheBatchesWhereOneFails) {
  MadeUpMachine made_up{[](int, int threads) { return 1e4 * threads; }};
  made_up.fails_from = 32;
  const FinderResult result = ExploreOn(made_up, 60);
  EXPECT_THAT(result.left_out, ElementsAre(HasSubstr("batch 32 and more")));
  EXPECT_EQ(result.points.back().batch, 16);  // and still compares the threads
  EXPECT_EQ(result.points.back().threads, 2);
  made_up.fails_from = 1;
  EXPECT_THROW(ExploreOn(made_up, 60), std::bad_alloc);
}

TEST(Finder, StopsBetweenMeasurements) {
  std::stop_source stop;
  MadeUpMachine made_up{[](int, int) { return 1e4; }};
  int measured = 0;
  made_up.after_each = [&] {
    if (++measured == 3) stop.request_stop();
  };
  try {
    ExploreOn(made_up, 60, 16, Machine(), stop.get_token());
    FAIL() << "went on";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kCancelled);
  }
  EXPECT_EQ(measured, 3);
}

FinderResult FoundOn(const FinderMachine& machine) {
  FinderResult result;
  result.architecture = "light";
  result.machine = machine;
  result.usual_batch = 16;
  result.ceiling_gflops = 461;
  result.points = {Point(16, machine.cores, 100), Point(32, machine.cores, 150), Point(16, 1, 120)};
  return result;
}

TEST(FinderResult, IsKeptForTheSameNetworkAndMachineOnly) {
  TempDir dir;
  const Workspace workspace(dir.path());
  EXPECT_EQ(LoadFinderResult(workspace, "light", Machine()), std::nullopt);
  SaveFinderResult(workspace, FoundOn(Machine()));
  const auto found = LoadFinderResult(workspace, "light", Machine());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->points, FoundOn(Machine()).points);
  EXPECT_DOUBLE_EQ(found->points[1].speed.images_per_second, 150);
  EXPECT_DOUBLE_EQ(found->ceiling_gflops, 461);
  EXPECT_EQ(LoadFinderResult(workspace, "original", Machine()), std::nullopt);
  EXPECT_EQ(LoadFinderResult(workspace, "light", Machine(8)), std::nullopt);
  FinderMachine other = Machine();
  other.device = "cuda: a card (bf16)";
  EXPECT_EQ(LoadFinderResult(workspace, "light", other), std::nullopt);
}

TEST(FinderResult, OfADamagedFileIsNone) {
  TempDir dir;
  const Workspace workspace(dir.path());
  SaveFinderResult(workspace, FoundOn(Machine()));
  const std::string whole = ReadFile(dir / "finder.json");
  std::string nonsense = whole;
  nonsense.replace(nonsense.find("\"threads\": 4"), 12, "\"threads\":-4");
  for (const std::string& text : {std::string(), std::string("{}"), whole.substr(0, whole.size() / 2), nonsense}) {
    WriteFileAtomically(dir / "finder.json", text);
    EXPECT_EQ(LoadFinderResult(workspace, "light", Machine()), std::nullopt) << text;
  }
}

TEST(WithFinderChoice, SetsThreadsThatTheProjectLeavesOpenAndKeepsTheBatch) {
  TempDir dir;
  const Workspace workspace(dir.path());
  TrainSettings train;
  train.options.architecture = "light";
  train.options.batch = 16;
  EXPECT_EQ(WithFinderChoice(workspace, train).threads, 0);
  SaveFinderResult(workspace, FoundOn(DescribeMachine("auto")));
  EXPECT_EQ(WithFinderChoice(workspace, train).threads, 1);
  EXPECT_EQ(WithFinderChoice(workspace, train).batch, 16);
  train.options.threads = 7;
  EXPECT_EQ(WithFinderChoice(workspace, train).threads, 7);
  train.fastest_batch = true;
  EXPECT_EQ(WithFinderChoice(workspace, train).threads, 7);
  EXPECT_EQ(WithFinderChoice(workspace, train).batch, 32);
}

TEST(WithFinderChoice, FastestIsNoMoreThanAPersonsFacesAndStaysWhatATrainingBeganWith) {
  TempDir dir;
  const Workspace workspace(dir.path());
  TrainSettings train;
  train.options.architecture = "light";
  train.options.batch = 16;
  train.fastest_batch = true;
  EXPECT_EQ(WithFinderChoice(workspace, train, {9, 0}).batch, 9);
  SaveFinderResult(workspace, FoundOn(DescribeMachine("auto")));
  EXPECT_EQ(WithFinderChoice(workspace, train, {25, 0}).batch, 25);
  EXPECT_EQ(WithFinderChoice(workspace, train, {1000, 0}).batch, 32);
  EXPECT_EQ(WithFinderChoice(workspace, train, {1000, 12}).batch, 12);
  train.fastest_batch = false;
  EXPECT_EQ(WithFinderChoice(workspace, train, {9, 12}).batch, 16);  // what is said is what is meant
}

TEST(MakePlan, TakesTheFastestBatchAsFarAsThereAreFaces) {
  TempDir dir;
  Project project;
  project.workspace = dir / "work";
  project.base_folder = dir.path();
  project.train.options.architecture = "light";
  project.train.options.batch = 16;
  project.train.fastest_batch = true;
  for (const auto& [person, photos] : {std::pair("ava", 40), std::pair("ben", 24)}) {
    for (int i = 0; i < photos; ++i) WriteFileAtomically(dir / person / fmt::format("{}.jpg", i), "x");
    Source source;
    source.kind = Source::Kind::kPhotos;
    source.location = person;
    project.people.push_back({person, "a release", {source}});
  }
  EXPECT_EQ(MakePlan(project).batch, 16);
  SaveFinderResult(Workspace(project.workspace), FoundOn(DescribeMachine("auto")));
  EXPECT_EQ(MakePlan(project).batch, 24);
  project.evaluate.actors = {{"ava", "ava"}, {"ben", "zoe"}};
  EXPECT_THROW(MakePlan(project), Error);
}

TEST(DescribeMachine, NamesTheDeviceAndPrecisionThatWereAskedFor) {
  EXPECT_THAT(DescribeMachine("cpu").device, ::testing::StartsWith("cpu ("));
  EXPECT_EQ(DescribeMachine("cpu", "fp32").device, "cpu (fp32)");
  EXPECT_THAT(DescribeMachine("auto", "fp32").device, HasSubstr("(fp32)"));
  EXPECT_THAT(DescribeMachine("cuda").device, ::testing::StartsWith("cuda: "));
}

TEST(WithFinderChoice, KeepsTheUsualBatchWhereNothingWasMeasured) {
  TempDir dir;
  TrainSettings train;
  train.options.architecture = "light";
  train.options.batch = 16;
  train.fastest_batch = true;
  const Workspace workspace(dir.path());
  EXPECT_EQ(WithFinderChoice(workspace, train).batch, 16);
  FinderResult hasty = FoundOn(DescribeMachine("auto"));  // cut off behind its first measurement
  hasty.points.resize(1);
  SaveFinderResult(workspace, hasty);
  EXPECT_EQ(WithFinderChoice(workspace, train).batch, 16);
  EXPECT_EQ(WithFinderChoice(workspace, train).threads, 0);
}

TEST(FormatFinderResult, SaysWhereThereWasNothingToCompare) {
  FinderResult result = FoundOn(Machine());
  result.points.resize(1);
  result.left_out = {"batch 32 and more: a measurement would take some 19 s"};
  const std::string text = FormatFinderResult(result);
  EXPECT_THAT(text, HasSubstr("threads: nothing to compare, all 4 cores are used"));
  EXPECT_THAT(text, HasSubstr("batch: nothing to compare, trainings keep 16"));
  EXPECT_THAT(text, HasSubstr("left out: batch 32 and more"));
}

TEST(FormatFinderResult, NamesTheChoicesAndTheShareOfTheCeiling) {
  const std::string text = FormatFinderResult(FoundOn(Machine()));
  EXPECT_THAT(text, HasSubstr("threads: 1 "));
  EXPECT_THAT(text, HasSubstr("batch: 32 gives the most"));
  EXPECT_THAT(text, HasSubstr("33 %"));  // 150 of 461
}

}  // namespace
}  // namespace reelswap
