#include "model/face_weights.h"

#include <gtest/gtest.h>

namespace reelswap {
namespace {

constexpr CropGeometry kCrop{128, 1.4f, 0.10f};

/// Weight at a point of the mean face, by CropGeometry's own formula.
float At(const cv::Mat& map, const CropGeometry& g, double u, double v) {
  const int x = cvRound(((u - 0.5) / g.coverage + 0.5) * g.size);
  const int y = cvRound(((v - 0.5 - g.shift_y) / g.coverage + 0.5) * g.size);
  return map.at<float>(y, x);
}

TEST(FaceWeightMap, CountsEyesAndMouthMostAndTheBorderLeast) {
  for (const CropGeometry& crop : {kCrop, CropGeometry{64, 1.8f, 0.0f}, CropGeometry{96, 1.6f, -0.1f}}) {
    const cv::Mat map = FaceWeightMap(crop);
    const float forehead = At(map, crop, 0.5, 0.0), cheek = At(map, crop, 0.2, 0.6);
    EXPECT_NEAR(forehead / cheek, 1, 0.15);  // the oval's border begins above it
    // 3 and 2 of the face's own weight, less what the oval takes off at their place.
    for (const cv::Point2d eye : {cv::Point2d(0.236, 0.27), {0.764, 0.27}}) {
      EXPECT_NEAR(At(map, crop, eye.x, eye.y) / cheek, 3, 0.2);
    }
    EXPECT_NEAR(At(map, crop, 0.5, 0.80) / cheek, 2, 0.1);
    EXPECT_LT(map.at<float>(0, 0), 0.3f * cheek);
    EXPECT_LT(map.at<float>(crop.size - 1, crop.size - 1), 0.3f * cheek);
  }
}

TEST(FaceWeightMap, PeaksAtTheMiddleOfTheEyesAndTheMouth) {
  const cv::Mat map = FaceWeightMap(kCrop);
  const auto peak = [&](const cv::Rect& where) {
    cv::Point at;
    cv::minMaxLoc(map(where), nullptr, nullptr, nullptr, &at);
    return at + where.tl();
  };
  // px by hand: ((0.236 - 0.5) / 1.4 + 0.5) x 128 = 39.9, ((0.27 - 0.6) / 1.4 + 0.5) x 128 = 33.8,
  // ((0.8 - 0.6) / 1.4 + 0.5) x 128 = 82.3. One px for rounding and the slope of the oval underneath.
  const cv::Point eye = peak({0, 0, 64, 64}), mouth = peak({32, 64, 64, 64});
  EXPECT_NEAR(eye.x, 39.9, 1.0);
  EXPECT_NEAR(eye.y, 33.8, 1.0);
  EXPECT_NEAR(mouth.x, 64.0, 1.0);
  EXPECT_NEAR(mouth.y, 82.3, 1.0);
}

TEST(FaceWeightMap, IsTheSameForAFaceThatIsExchangedLeftAndRight) {
  const cv::Mat map = FaceWeightMap(kCrop);
  // The mean face's axis lies on pixel 64 of 128, and a flip keeps it there: pixel x becomes 128 - x.
  for (int y = 0; y < 128; y += 7) {
    for (int x = 1; x < 64; ++x) ASSERT_FLOAT_EQ(map.at<float>(y, x), map.at<float>(y, 128 - x));
  }
}

TEST(FaceWeightMap, HasMeanOneAndNoWeightOfZero) {
  double low = 0, high = 0;
  const cv::Mat map = FaceWeightMap(kCrop);
  cv::minMaxLoc(map, &low, &high);
  EXPECT_NEAR(cv::mean(map)[0], 1.0, 1e-6);
  EXPECT_GT(low, 0.05);
  EXPECT_LT(high, 5.0);
}

}  // namespace
}  // namespace reelswap
