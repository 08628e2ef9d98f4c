// bf16 with fp32 master weights learns what fp32 learns.
#include <gtest/gtest.h>

#include <cmath>

#include "core/progress.h"
#include "model/face_swapper.h"
#include "model/trainer.h"
#include "testing/drawn_faces.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::TempDir;

/// Mean loss of both people over each of the last `points` history points.
std::vector<double> LossCurve(const std::string& precision, uint64_t seed) {
  TempDir dir;
  std::vector<TrainingFaces> people;
  for (int p = 0; p < 2; ++p) {
    const std::string name(1, static_cast<char>('a' + p));
    people.push_back({name, testing::WriteDrawnFaces(dir / name, p, 24, 128), {}, {}});
  }
  TrainOptions options;
  options.architecture = "light";
  options.batch = 8;
  options.iterations = 150;
  options.seed = seed;
  options.precision = precision;
  options.device = "cpu";
  options.preview_every = 1000;
  NullProgress progress;
  const TrainSummary summary =
      TrainModel(dir / "model", people, {128, 1.8f, 0.1f}, options, std::nullopt, progress, {});
  std::vector<double> curve;
  for (const HistoryPoint& point : summary.history) curve.push_back((point.loss.at("a") + point.loss.at("b")) / 2);
  return curve;
}

TEST(Precision, SlowBf16FollowsTheLossCurveOfFp32WithinWhatAnotherSeedChanges) {
  if (!DescribeTorch().cpu_bf16) GTEST_SKIP() << "this CPU has no bf16 instructions: there is only the fp32 path";
  const std::vector<double> fast = LossCurve("auto", 1), exact = LossCurve("fp32", 1), other = LossCurve("fp32", 2);
  ASSERT_EQ(fast.size(), exact.size());
  ASSERT_GE(fast.size(), 5u);
  double apart = 0, noise = 0;
  for (size_t i = 0; i < fast.size(); ++i) {
    apart += std::abs(fast[i] - exact[i]) / exact[i];
    noise += std::abs(other[i] - exact[i]) / exact[i];
  }
  apart /= static_cast<double>(fast.size());
  noise /= static_cast<double>(fast.size());
  RecordProperty("relative_difference", std::to_string(apart));
  RecordProperty("relative_noise", std::to_string(noise));
  // A small sample of the noise may come out small: two hundredths are always granted.
  EXPECT_LT(apart, std::max(noise, 0.02)) << "mean relative difference of the curves; another seed: " << noise;
  EXPECT_LT(fast.back(), 0.7 * fast.front());  // they are curves of something that learns
}

}  // namespace
}  // namespace reelswap
