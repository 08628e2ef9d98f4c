#include "compose/occlusion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <vector>

namespace reelswap {
namespace {

// A schematic face, some 2 levels of grain; size px.
cv::Mat Face(int size, uint64_t seed, double light = 1, double shift = 0) {
  cv::Mat face(256, 256, CV_8UC3, cv::Scalar(190, 195, 185));
  cv::ellipse(face, cv::Point2d(128 + shift, 140), {95, 120}, 0, 0, 360, cv::Scalar(120, 150, 200), -1);
  for (const int side : {-1, 1}) {
    const cv::Point2d eye(128 + shift + side * 42, 110);
    cv::ellipse(face, eye, {20, 9}, 0, 0, 360, cv::Scalar(220, 225, 230), -1);
    cv::circle(face, eye, 8, cv::Scalar(40, 40, 45), -1);
    cv::ellipse(face, eye - cv::Point2d(0, 22), {24, 5}, 0, 0, 360, cv::Scalar(50, 60, 80), -1);
  }
  cv::ellipse(face, cv::Point2d(128 + shift, 200), {34, 11}, 0, 0, 360, cv::Scalar(90, 90, 170), -1);
  cv::GaussianBlur(face, face, {}, 3);
  cv::Mat grain(face.size(), CV_16SC3), out;
  cv::RNG rng(seed);
  rng.fill(grain, cv::RNG::NORMAL, 0, 2);
  cv::add(face * light, grain, out, cv::noArray(), CV_8U);
  cv::resize(out, out, {size, size}, 0, 0, cv::INTER_AREA);
  return out;
}

// What a decoder draws of the same face: softer, a little darker.
cv::Mat Drawn(const cv::Mat& face, double light = 0.9) {
  cv::Mat drawn;
  cv::resize(face, drawn, {128, 128}, 0, 0, cv::INTER_LINEAR);
  cv::GaussianBlur(drawn, drawn, {}, 1.5);
  return drawn * light;
}

// A bar from below over the mouth, in a colour; truth as CV_8UC1.
cv::Mat Covered(const cv::Mat& face, cv::Scalar colour, cv::Mat* truth) {
  cv::Mat covered = face.clone();
  const int s = face.cols;
  const cv::Rect bar(s * 3 / 8, s * 5 / 8, s / 4, s * 3 / 8);
  cv::rectangle(covered, bar, colour, -1);
  *truth = cv::Mat::zeros(128, 128, CV_8UC1);
  cv::rectangle(*truth, cv::Rect(48, 80, 32, 48), 255, -1);
  return covered;
}

double Overlap(const cv::Mat& unoccluded, const cv::Mat& truth) {
  const cv::Mat found = unoccluded < 128;
  return cv::countNonZero(found & truth) / std::max(1.0, static_cast<double>(cv::countNonZero(found | truth)));
}

ReconstructionHabit HabitOfFaces() {
  std::vector<cv::Mat> originals, drawn;
  for (uint64_t i = 0; i < 5; ++i) {
    originals.push_back(Face(128, i, 1 + 0.02 * static_cast<double>(i)));
    drawn.push_back(Drawn(Face(128, 100 + i, 1, 0.5 * static_cast<double>(i))));
  }
  return LearnHabit(originals, drawn);
}

TEST(UnoccludedMask, FindsNothingOnAFreeFace) {
  const ReconstructionHabit habit = HabitOfFaces();
  for (const double light : {0.6, 1.0, 1.2}) {
    for (const double shift : {-1.5, 0.0, 1.5}) {
      const cv::Mat face = Face(128, 7, light, shift), drawn = Drawn(Face(128, 8));
      EXPECT_EQ(cv::countNonZero(UnoccludedMask(face, drawn) != 255), 0) << light << " " << shift;
      EXPECT_EQ(cv::countNonZero(UnoccludedMask(face, drawn, habit) != 255), 0) << light << " " << shift;
    }
  }
}

TEST(UnoccludedMask, FindsACupAndAMicrophone) {
  const ReconstructionHabit habit = HabitOfFaces();
  for (const cv::Scalar& colour : {cv::Scalar(235, 235, 235), cv::Scalar(25, 25, 25)}) {
    cv::Mat truth;
    const cv::Mat covered = Covered(Face(128, 9), colour, &truth);
    const cv::Mat drawn = Drawn(Face(128, 10));
    EXPECT_GT(Overlap(UnoccludedMask(covered, drawn), truth), 0.75) << colour;
    EXPECT_GT(Overlap(UnoccludedMask(covered, drawn, habit), truth), 0.75) << colour;
  }
}

TEST(UnoccludedMask, HasSoftEdges) {
  cv::Mat truth;
  const cv::Mat mask = UnoccludedMask(Covered(Face(128, 9), cv::Scalar(20, 20, 20), &truth), Drawn(Face(128, 10)));
  for (int x = 1; x < mask.cols; ++x) {
    EXPECT_LE(std::abs(mask.at<uchar>(100, x) - mask.at<uchar>(100, x - 1)), 90) << x;  // over three pixels and more
  }
  EXPECT_EQ(mask.at<uchar>(100, 64), 0);
  EXPECT_EQ(mask.at<uchar>(30, 64), 255);
}

TEST(UnoccludedMask, PassesOverSpecks) {
  cv::Mat face = Face(128, 11);
  cv::circle(face, {64, 70}, 4, cv::Scalar::all(255), -1);  // a highlight on the nose
  EXPECT_EQ(cv::countNonZero(UnoccludedMask(face, Drawn(Face(128, 12))) != 255), 0);
}

TEST(UnoccludedMask, ForgivesAnEyeThatTheDecoderLost) {
  cv::Mat drawn = Drawn(Face(128, 15));
  cv::Mat eye = drawn(cv::Rect(30, 42, 26, 22));
  cv::GaussianBlur(eye, eye, {}, 5);
  EXPECT_EQ(cv::countNonZero(UnoccludedMask(Face(128, 16), drawn) < 128), 0);
}

TEST(UnoccludedMask, TakesPicturesOfTwoSizes) {
  cv::Mat truth;
  const cv::Mat covered = Covered(Face(64, 13), cv::Scalar(20, 20, 20), &truth);
  const cv::Mat mask = UnoccludedMask(covered, Drawn(Face(128, 14)));
  EXPECT_EQ(mask.size(), cv::Size(128, 128));
  EXPECT_EQ(mask.type(), CV_8UC1);
  EXPECT_GT(Overlap(mask, truth), 0.7);
}

TEST(LearnHabit, DoesNotGetUsedToAMicrophone) {
  // In all samples something covers the mouth: it is still in front.
  std::vector<cv::Mat> originals, drawn;
  cv::Mat truth;
  for (uint64_t i = 0; i < 6; ++i) {
    originals.push_back(Covered(Face(128, 20 + i), cv::Scalar(25, 25, 25), &truth));
    drawn.push_back(Drawn(Face(128, 40 + i)));
  }
  EXPECT_GT(Overlap(UnoccludedMask(originals[0], drawn[0], LearnHabit(originals, drawn)), truth), 0.6);
}

TEST(LearnHabit, ForgivesWhatAModelAlwaysDrawsWrongly) {
  // The model never learnt a patch beside the nose: some CIE units off in every frame.
  std::vector<cv::Mat> originals, drawn;
  for (uint64_t i = 0; i < 6; ++i) {
    cv::Mat wrong = Drawn(Face(128, 40 + i));
    wrong(cv::Rect(30, 70, 40, 58)) -= cv::Scalar(14, 14, 14);
    originals.push_back(Face(128, 20 + i));
    drawn.push_back(wrong);
  }
  const cv::Mat without = UnoccludedMask(originals[0], drawn[0]);
  const cv::Mat with = UnoccludedMask(originals[0], drawn[0], LearnHabit(originals, drawn));
  EXPECT_LE(cv::countNonZero(with < 128), cv::countNonZero(without < 128));
  EXPECT_EQ(cv::countNonZero(with < 128), 0);
}

TEST(LearnHabit, RefusesWhatDoesNotFit) {
  const cv::Mat face = Face(64, 1);
  EXPECT_THROW(LearnHabit({}, {}), std::invalid_argument);
  EXPECT_THROW(LearnHabit({face}, {face, face}), std::invalid_argument);
  EXPECT_THROW(LearnHabit({face}, {cv::Mat(64, 60, CV_8UC3)}), std::invalid_argument);
  EXPECT_THROW(UnoccludedMask(face, cv::Mat(64, 64, CV_8UC1)), std::invalid_argument);
  EXPECT_THROW(UnoccludedMask(face, face, {cv::Mat(8, 8, CV_8UC1), cv::Mat(8, 8, CV_32FC1)}), std::invalid_argument);
}

TEST(LearnHabit, AnEmptyOneIsTheUsual) {
  const cv::Mat face = Face(128, 1), drawn = Drawn(Face(128, 2));
  EXPECT_EQ(cv::norm(UnoccludedMask(face, drawn), UnoccludedMask(face, drawn, {}), cv::NORM_INF), 0);
}

}  // namespace
}  // namespace reelswap
