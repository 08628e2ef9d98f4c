#include "face/scaled_region.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace reelswap {
namespace {

/// Centre of what is bright.
cv::Point2f Spot(const cv::Mat& image) {
  cv::Mat bright = image > 128;
  const auto m = cv::moments(bright, true);
  return {static_cast<float>(m.m10 / m.m00), static_cast<float>(m.m01 / m.m00)};
}

TEST(LandmarkView, ShowsAFaceOf200PxAndKnowsTheWayBack) {
  for (const float side : {60.0f, 150.0f, 420.0f}) {
    cv::Mat luma(900, 1200, CV_8UC1, cv::Scalar(0));
    const cv::Point2f spot(600, 400);
    cv::circle(luma, spot, cvRound(side / 10), 255, cv::FILLED);
    const cv::Rect2f box(600 - side / 3, 400 - side / 4, side, side);
    const auto view = LandmarkView(luma, box);
    EXPECT_NEAR(view.FromPicture(box).width, 200, 2);
    EXPECT_LT(cv::norm(view.ToPicture(Spot(view.image)) - spot), 1) << side;
    EXPECT_LT(cv::norm(view.FromPicture(view.ToPicture(cv::Point2f(12, 34))) - cv::Point2f(12, 34)), 0.01);
  }
}

TEST(TurnUpright, TurnsATiltedFaceAndKnowsTheWayBack) {
  for (const float roll : {-0.8f, 0.3f, 1.2f}) {
    cv::Mat luma(900, 1200, CV_8UC1, cv::Scalar(0));
    const cv::Rect2f box(500, 300, 300, 300);
    // A spot that lies straight above the middle of the face, as the face stands.
    const cv::Point2f middle(649.5f, 449.5f), spot = middle + 100.0f * cv::Point2f(std::sin(roll), -std::cos(roll));
    cv::circle(luma, spot, 12, 255, cv::FILLED);
    const auto view = TurnUpright(luma, box, roll);
    EXPECT_NEAR(view.box.width, 200, 1);
    const auto seen = Spot(view.image);
    const cv::Point2f centre = 0.5f * (view.box.tl() + view.box.br() - cv::Point2f(1, 1));
    EXPECT_NEAR(seen.x, centre.x, 1) << roll;
    EXPECT_NEAR(seen.y, centre.y - 100 * 200 / 300.0f, 1) << roll;
    EXPECT_LT(cv::norm(view.ToPicture(seen) - spot), 1) << roll;
    const auto back = view.ToPicture(view.box);
    EXPECT_LT(cv::norm(back.tl() - box.tl()), 1.5) << roll;
    EXPECT_NEAR(back.width, box.width, 1.5) << roll;
  }
}

TEST(TurnUpright, RefusesWhatLiesOutsideOfThePicture) {
  const cv::Mat luma(100, 100, CV_8UC1, cv::Scalar(0));
  EXPECT_THROW(TurnUpright(luma, {500, 500, 50, 50}, 0.5f), std::invalid_argument);
  EXPECT_THROW(TurnUpright(luma, {10, 10, 0, 0}, 0.5f), std::invalid_argument);
  EXPECT_THROW(LandmarkView(luma, {500, 500, 50, 50}), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
