#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "compose/compose_face.h"

namespace reelswap {
namespace {

const cv::Size kSize(240, 260);

cv::Mat Textured(uint64_t seed, double deviation) {
  cv::Mat picture(kSize, CV_8UC3), noise(kSize, CV_16SC3);
  cv::RNG rng(seed);
  rng.fill(noise, cv::RNG::NORMAL, 0, deviation);
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      const cv::Vec3s n = noise.at<cv::Vec3s>(y, x);
      const int shade = 90 + y / 4;
      picture.at<cv::Vec3b>(y, x) = {cv::saturate_cast<uchar>(shade + n[0]), cv::saturate_cast<uchar>(shade + 15 + n[1]),
                                     cv::saturate_cast<uchar>(shade + 50 + n[2])};
    }
  }
  return picture;
}

cv::Mat Oval(int feather) {
  cv::Mat mask = cv::Mat::zeros(kSize, CV_8UC1);
  cv::ellipse(mask, {120, 130}, {80, 95}, 0, 0, 360, 255, -1);
  cv::blur(mask, mask, {feather, feather});
  return mask;
}

cv::Mat Pasted(const cv::Mat& original, const cv::Mat& face, const cv::Mat& mask) {
  cv::Mat out = original.clone();
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double a = mask.at<uchar>(y, x) / 255.0;
        uchar& p = out.at<cv::Vec3b>(y, x)[c];
        p = cv::saturate_cast<uchar>(p * (1 - a) + face.at<cv::Vec3b>(y, x)[c] * a);
      }
    }
  }
  return out;
}

TEST(SeamScore, IsZeroForAnUnchangedPicture) {
  const cv::Mat picture = Textured(1, 12);
  EXPECT_EQ(SeamScore(picture, picture, Oval(17)), 0);
}

TEST(SeamScore, GrowsWithTheStepInLumaAndInColour) {
  const cv::Mat picture = Textured(1, 6), mask = Oval(17);
  for (const cv::Scalar& way : {cv::Scalar(1, 1, 1), cv::Scalar(-1, -1, -1), cv::Scalar(0, 0, 1), cv::Scalar(1, 0, -1)}) {
    double before = 0;
    for (const double step : {4.0, 8.0, 16.0, 32.0}) {
      const double seam = SeamScore(picture, Pasted(picture, picture + way * step, mask), mask);
      EXPECT_GT(seam, before) << way << " " << step;
      before = seam;
    }
  }
}

TEST(SeamScore, IsAboutTheStepWhereNothingElseIs) {
  const cv::Mat flat(kSize, CV_8UC3, cv::Scalar(110, 130, 170)), mask = Oval(17);
  // The mask's 90 % and 10 % lie the step apart, less a tenth on either side.
  EXPECT_NEAR(SeamScore(flat, Pasted(flat, flat + cv::Scalar::all(20), mask), mask), 18, 3);
}

TEST(SeamScore, DoesNotTakeTextureForASeam) {
  // Other grain of the same strength is no seam; the same step shows through it as on a smooth picture.
  const cv::Mat mask = Oval(17), smooth = Textured(1, 0), rough = Textured(1, 15), other = Textured(2, 15);
  EXPECT_LT(SeamScore(rough, Pasted(rough, other, mask), mask), 2.5);
  const double on_smooth = SeamScore(smooth, Pasted(smooth, smooth + cv::Scalar::all(20), mask), mask);
  const double on_rough = SeamScore(rough, Pasted(rough, other + cv::Scalar::all(20), mask), mask);
  EXPECT_NEAR(on_rough, on_smooth, 0.25 * on_smooth);
}

TEST(SeamScore, CountsAStepLessWhereThereWasAnEdgeBefore) {
  cv::Mat edged(kSize, CV_8UC3, cv::Scalar::all(60));
  cv::ellipse(edged, {120, 130}, {80, 95}, 0, 0, 360, cv::Scalar::all(120), -1);
  cv::blur(edged, edged, {17, 17});
  const cv::Mat flat(kSize, CV_8UC3, cv::Scalar::all(120)), mask = Oval(17);
  const double beside_edge = SeamScore(edged, Pasted(edged, edged + cv::Scalar::all(15), mask), mask);
  EXPECT_LT(beside_edge, 0.6 * SeamScore(flat, Pasted(flat, flat + cv::Scalar::all(15), mask), mask));
  // A gentler edge than before is none.
  EXPECT_LT(SeamScore(edged, Pasted(edged, edged - cv::Scalar::all(15), mask), mask), 0.5);
}

TEST(SeamScore, DoesNotCountThePicturesOwnBorder) {
  // The face leaves the picture on the left: the mask is whole there, and that is no edge.
  const cv::Mat picture = Textured(1, 4);
  cv::Mat mask = Oval(17), shifted = cv::Mat::zeros(kSize, CV_8UC1);
  mask(cv::Rect(120, 0, 120, kSize.height)).copyTo(shifted(cv::Rect(0, 0, 120, kSize.height)));
  EXPECT_EQ(SeamScore(picture, picture, shifted), 0);
  const cv::Mat brighter = Pasted(picture, picture + cv::Scalar::all(20), shifted);
  EXPECT_NEAR(SeamScore(picture, brighter, shifted), SeamScore(picture, Pasted(picture, picture + cv::Scalar::all(20), mask), mask), 3);
}

TEST(SeamScore, IsZeroWithoutAnEdge) {
  const cv::Mat picture = Textured(1, 4);
  for (const int value : {0, 255}) {
    EXPECT_EQ(SeamScore(picture, picture + cv::Scalar::all(30), cv::Mat(kSize, CV_8UC1, cv::Scalar(value))), 0);
  }
  EXPECT_EQ(SeamScore(cv::Mat(0, 0, CV_8UC3), cv::Mat(0, 0, CV_8UC3), cv::Mat(0, 0, CV_8UC1)), 0);
  const cv::Mat pixel(1, 1, CV_8UC3, cv::Scalar::all(9));
  EXPECT_EQ(SeamScore(pixel, pixel, cv::Mat(1, 1, CV_8UC1, cv::Scalar(0))), 0);
}

TEST(SeamScore, RefusesPicturesThatDoNotFit) {
  const cv::Mat picture = Textured(1, 4);
  EXPECT_THROW(SeamScore(picture, picture, cv::Mat(3, 3, CV_8UC1)), std::invalid_argument);
  EXPECT_THROW(SeamScore(picture, cv::Mat(kSize, CV_8UC1), Oval(17)), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
