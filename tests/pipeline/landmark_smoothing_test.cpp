#include "pipeline/landmark_smoothing.h"

#include <gtest/gtest.h>

#include "pipeline/fake_tracks.h"
#include "pipeline/local_regression.h"

namespace reelswap {
namespace {

using testing::FakePose;
using testing::Jitter;
using testing::MakeFace;

constexpr double kNoise = 0.01;  // of the eyes' distance: what detectors jitter on a face of 75 px

using Faces = std::vector<DetectedFace>;

Faces Perform(int frames, const std::function<FakePose(int)>& pose) {
  Faces faces;
  for (int t = 0; t < frames; ++t) faces.push_back(MakeFace(pose(t)));
  return faces;
}

Faces WithNoise(const Faces& truth, uint32_t seed) {
  Jitter jitter(seed);
  Faces noisy;
  for (const DetectedFace& face : truth) noisy.push_back(jitter.Add(face, kNoise));
  return noisy;
}

/// Mean second difference of what `value` says of a face.
template <typename Value>
double SecondDifference(const Faces& faces, const Value& value) {
  double sum = 0;
  for (size_t t = 1; t + 1 < faces.size(); ++t) sum += std::abs(value(faces[t + 1]) - 2 * value(faces[t]) + value(faces[t - 1]));
  return sum / static_cast<double>(faces.size() - 2);
}

double MeanX(const DetectedFace& face) { return ShapeOf(face).centre.x; }

double RootMeanSquare(const Faces& faces, const Faces& truth) {
  double sum = 0;
  for (size_t t = 0; t < faces.size(); ++t) {
    for (int i = 0; i < kLandmarkCount; ++i) {
      const cv::Point2f off = faces[t].landmarks[i] - truth[t].landmarks[i];
      sum += off.dot(off) / std::pow(EyeDistance(truth[t].landmarks), 2);
    }
  }
  return std::sqrt(sum / static_cast<double>(faces.size() * kLandmarkCount));
}

double Lids(const DetectedFace& face) {
  const auto& l = face.landmarks;
  return (l[41].y + l[40].y - l[37].y - l[38].y) / 2 / EyeDistance(l);
}

TEST(LandmarkSmoothing, AStillFaceJittersAtLeastThreeTimesLessInPlaceSizeAndTilt) {
  const Faces noisy = WithNoise(Perform(200, [](int) { return FakePose{}; }), 1);
  const Faces smooth = SmoothFaces(noisy, {});
  EXPECT_LT(SecondDifference(smooth, MeanX), SecondDifference(noisy, MeanX) / 3);
  const auto scale = [](const DetectedFace& f) { return ShapeOf(f).log_scale; };
  EXPECT_LT(SecondDifference(smooth, scale), SecondDifference(noisy, scale) / 3);
  const auto angle = [](const DetectedFace& f) { return ShapeOf(f).angle; };
  EXPECT_LT(SecondDifference(smooth, angle), SecondDifference(noisy, angle) / 3);
}

TEST(LandmarkSmoothing, EveryLandmarkOfAStillFaceJittersAtLeastTwiceLessAndLiesNearerToTheTruth) {
  const Faces truth = Perform(200, [](int) { return FakePose{}; });
  const Faces noisy = WithNoise(truth, 2), smooth = SmoothFaces(noisy, {});
  for (int i = 0; i < kLandmarkCount; ++i) {
    const auto y = [i](const DetectedFace& f) { return static_cast<double>(f.landmarks[i].y); };
    EXPECT_LT(SecondDifference(smooth, y), SecondDifference(noisy, y) / 2) << "landmark " << i;
  }
  EXPECT_LT(RootMeanSquare(smooth, truth), 0.6 * RootMeanSquare(noisy, truth));
}

TEST(LandmarkSmoothing, AFastMoveIsNeitherLateNorSmaller) {
  // Two eye distances to the side within a third of a second and back, as in a shaken head.
  const auto pose = [](int t) {
    FakePose p;
    const double phase = std::clamp((t - 40) / 20.0, 0.0, 1.0);
    p.x += 60 * (1 - std::cos(2 * CV_PI * phase));
    return p;
  };
  const Faces truth = Perform(100, pose), smooth = SmoothFaces(WithNoise(truth, 3), {});
  double lag = 0, speed = 0, peak = 0, true_peak = 0;
  for (size_t t = 41; t < 59; ++t) {
    const double velocity = (MeanX(truth[t + 1]) - MeanX(truth[t - 1])) / 2;
    lag += (MeanX(smooth[t]) - MeanX(truth[t])) * velocity;
    speed += velocity * velocity;
  }
  for (size_t t = 0; t < truth.size(); ++t) {
    peak = std::max(peak, MeanX(smooth[t]) - 320), true_peak = std::max(true_peak, MeanX(truth[t]) - 320);
  }
  const double lag_px = std::abs(lag / speed) * std::sqrt(speed / 18);  // frames x mean speed
  EXPECT_LT(lag_px / 60, 0.02) << "eye distances";
  EXPECT_NEAR(peak, true_peak, 0.05 * 120);
  for (size_t t = 0; t < truth.size(); ++t) EXPECT_NEAR(MeanX(smooth[t]), MeanX(truth[t]), 0.06 * 60) << "frame " << t;
}

TEST(LandmarkSmoothing, ABlinkKeepsItsDepthAndItsMoment) {
  const double depth[] = {0.3, 0.8, 1.0, 0.7, 0.3};
  const auto pose = [&](int t) {
    FakePose p;
    if (t >= 50 && t < 55) p.blink = depth[t - 50];
    return p;
  };
  const Faces truth = Perform(100, pose);
  double kept = 0;
  for (uint32_t seed = 0; seed < 8; ++seed) {
    const Faces smooth = SmoothFaces(WithNoise(truth, 10 + seed), {});
    kept += (Lids(smooth[30]) - Lids(smooth[52])) / (Lids(truth[30]) - Lids(truth[52])) / 8;
  }
  EXPECT_GT(kept, 0.8);  // of the way of lids that shut for one frame; their noise is a tenth of it
  EXPECT_LT(kept, 1.15);
}

TEST(LandmarkSmoothing, WithoutNoiseEvenMotionStaysAsItIs) {
  const Faces truth = Perform(60, [](int t) { return FakePose{100 + 7.0 * t, 200 - 2.0 * t, 60 + 0.3 * t, 0.01 * t}; });
  const Faces smooth = SmoothFaces(truth, {});
  EXPECT_LT(RootMeanSquare(smooth, truth), 0.002);  // a growing face: its size is not quite a parabola's
}

TEST(LandmarkSmoothing, ResultsDependOnABoundedNeighbourhood) {
  const Faces all = WithNoise(Perform(260, [](int t) { return FakePose{320 + 40 * std::sin(0.11 * t), 200 + 0.2 * t}; }), 5);
  const SmoothingOptions options;
  const int radius = SmoothingRadius(options);
  const Faces whole = SmoothFaces(all, options);
  const Faces piece = SmoothFaces({all.begin() + 100 - radius, all.begin() + 120 + radius}, options);
  for (int t = 100; t < 120; ++t) {
    for (int i = 0; i < kLandmarkCount; ++i) {
      const cv::Point2f off = whole[t].landmarks[i] - piece[t - 100 + radius].landmarks[i];
      EXPECT_LT(cv::norm(off), 1e-3) << "px, rounding of sums; frame " << t << " landmark " << i;
    }
  }
}

TEST(LandmarkSmoothing, ATiltThroughHalfATurnHasNoJump) {
  const Faces truth = Perform(60, [](int t) { return FakePose{320, 240, 60, CV_PI - 0.3 + 0.01 * t}; });
  EXPECT_LT(RootMeanSquare(SmoothFaces(truth, {}), truth), 0.002);
}

TEST(LandmarkSmoothing, ShortRunsAndReachZeroComeBackAsTheyWere) {
  const Faces two = WithNoise(Perform(2, [](int) { return FakePose{}; }), 6);
  EXPECT_EQ(SmoothFaces(two, {})[1].landmarks, two[1].landmarks);
  const Faces many = WithNoise(Perform(20, [](int) { return FakePose{}; }), 7);
  EXPECT_EQ(SmoothFaces(many, {0})[10].landmarks, many[10].landmarks);
  EXPECT_TRUE(SmoothFaces({}, {}).empty());
}

TEST(LocalQuadratic, KeepsParabolasInTheMiddleAndLinesAtTheEnds) {
  for (const double bandwidth : {2.5, 4.0, 9.0}) {
    const RegressionWeights middle = LocalQuadratic(bandwidth, 20, 20), end = LocalQuadratic(bandwidth, 0, 20);
    double parabola = 0, line = 0;
    for (size_t i = 0; i < middle.weight.size(); ++i) {
      const double x = static_cast<double>(i) - middle.before;
      parabola += middle.weight[i] * (3 + 2 * x + x * x);
    }
    for (size_t i = 0; i < end.weight.size(); ++i) line += end.weight[i] * (3 + 2.0 * static_cast<double>(i));
    EXPECT_NEAR(parabola, 3, 1e-5);
    EXPECT_NEAR(line, 3, 1e-5);
  }
  EXPECT_LT(LocalQuadratic(9, 20, 20).gain, LocalQuadratic(4, 20, 20).gain);
  EXPECT_LT(LocalQuadratic(9, 0, 20).gain, 0.85);  // a parabola's end would be near 1
}

}  // namespace
}  // namespace reelswap
