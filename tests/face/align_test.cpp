#include "face/align.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "face/face_detector.h"
#include "face/pictures.h"

namespace reelswap {
namespace {

using testing::FacePicture;
using testing::Gray;

cv::Point2f Apply(const cv::Matx23f& m, cv::Point2f p) {
  return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
}

/// A face whose inner landmarks are the mean face, `side` px across, turned by `degrees`.
DetectedFace MeanFaceAt(cv::Point2f centre, float side, float degrees = 0) {
  DetectedFace face;
  face.box = {centre.x - side / 2, centre.y - side / 2, side, side};
  const float c = std::cos(degrees * CV_PI / 180), s = std::sin(degrees * CV_PI / 180);
  for (int i = 0; i < kLandmarkCount; ++i) {
    const cv::Point2f p = i < 17 ? cv::Point2f(-0.1f + 1.2f * i / 16, 1.1f) : MeanFace()[i - 17];
    const cv::Point2f q = side * (p - cv::Point2f(0.5f, 0.5f));
    face.landmarks[i] = centre + cv::Point2f(c * q.x - s * q.y, s * q.x + c * q.y);
  }
  return face;
}

double LargestDifference(const cv::Matx23f& a, const cv::Matx23f& b) { return cv::norm(a - b, cv::NORM_INF); }

TEST(MeanFace, IsMirrorSymmetric) {
  const auto& m = MeanFace();
  const std::pair<int, int> mirrored[] = {{17, 26}, {18, 25}, {19, 24}, {20, 23}, {21, 22}, {27, 27}, {28, 28}, {29, 29},
                                          {30, 30}, {31, 35}, {32, 34}, {33, 33}, {36, 45}, {37, 44}, {38, 43}, {39, 42},
                                          {40, 47}, {41, 46}, {48, 54}, {49, 53}, {50, 52}, {51, 51}, {59, 55}, {58, 56},
                                          {57, 57}, {60, 64}, {61, 63}, {62, 62}, {67, 65}, {66, 66}};
  for (const auto& [left, right] : mirrored) {
    EXPECT_NEAR(m[left - 17].x + m[right - 17].x, 1, 1e-4) << left;
    EXPECT_NEAR(m[left - 17].y, m[right - 17].y, 1e-4) << left;
  }
}

TEST(MeanFace, SpansTheUnitSquareAcross) {
  const cv::Mat points(51, 2, CV_32F, const_cast<cv::Point2f*>(MeanFace().data()));
  double low = 0, high = 0;
  cv::minMaxLoc(points.col(0), &low, &high);
  EXPECT_NEAR(low, 0.01, 1e-4);
  EXPECT_NEAR(high, 0.99, 1e-4);
  cv::minMaxLoc(points.col(1), &low, &high);
  EXPECT_GT(low, 0);
  EXPECT_LT(high, 1);
}

TEST(MeanFace, LooksLikeTheFaceOfARealPerson) {
  const auto faces = FaceDetector().Detect(Gray(FacePicture("one_man.jpg")));
  ASSERT_EQ(faces.size(), 1u);
  const auto unit_from_frame = FaceFromFrame(faces[0].landmarks, {.size = 1, .coverage = 1});
  double sum = 0;
  for (int i = 17; i < kLandmarkCount; ++i) {
    sum += std::pow(cv::norm(Apply(unit_from_frame, faces[0].landmarks[i]) - MeanFace()[i - 17]), 2);
  }
  // A frontal face is 0.016 away (root mean square); he holds his head up, and 0.05 would be a wrong order of points.
  EXPECT_LT(std::sqrt(sum / 51), 0.05);
}

TEST(SimilarityTransform, RecoversRotationScaleAndShiftExactly) {
  const float a = 1.7f * std::cos(0.8f), b = 1.7f * std::sin(0.8f);
  const cv::Matx23f truth(a, -b, 30, b, a, -12);
  const std::vector<cv::Point2f> from = {{0, 0}, {100, 3}, {40, 90}, {-20, 55}};
  std::vector<cv::Point2f> to;
  for (const auto& p : from) to.push_back(Apply(truth, p));
  EXPECT_LT(LargestDifference(SimilarityTransform(from, to), truth), 1e-4);  // float rounding at 100 px
}

TEST(SimilarityTransform, NeverReflects) {
  const std::vector<cv::Point2f> from = {{0, 0}, {100, 0}, {0, 50}};
  const std::vector<cv::Point2f> mirrored = {{0, 0}, {-100, 0}, {0, 50}};
  const auto m = SimilarityTransform(from, mirrored);
  EXPECT_GE(m(0, 0) * m(1, 1) - m(0, 1) * m(1, 0), 0);
  EXPECT_FLOAT_EQ(m(0, 0), m(1, 1));
  EXPECT_FLOAT_EQ(m(0, 1), -m(1, 0));
}

TEST(SimilarityTransform, HasTheLeastSquaredErrorAmongItsNeighbours) {
  const std::vector<cv::Point2f> from = {{0, 0}, {10, 0}, {10, 10}, {0, 10}, {5, 2}};
  const std::vector<cv::Point2f> to = {{1, 2}, {19, 5}, {14, 25}, {-4, 20}, {11, 8}};
  const auto error = [&](const cv::Matx23f& m) {
    double sum = 0;
    for (size_t i = 0; i < from.size(); ++i) sum += std::pow(cv::norm(Apply(m, from[i]) - to[i]), 2);
    return sum;
  };
  const auto best = SimilarityTransform(from, to);
  for (const float step : {-0.02f, 0.02f}) {
    auto turned = best, scaled = best, moved = best;
    turned(0, 1) -= step, turned(1, 0) += step;
    scaled(0, 0) += step, scaled(1, 1) += step;
    moved(0, 2) += step;
    for (const auto& m : {turned, scaled, moved}) EXPECT_GT(error(m), error(best));
  }
}

TEST(SimilarityTransform, RefusesTooFewUnequalOrCoincidingPoints) {
  EXPECT_THROW(SimilarityTransform({{1, 1}}, {{1, 1}}), std::invalid_argument);
  EXPECT_THROW(SimilarityTransform({{1, 1}, {2, 2}}, {{1, 1}}), std::invalid_argument);
  EXPECT_THROW(SimilarityTransform({{1, 1}, {1, 1}}, {{1, 1}, {2, 2}}), std::invalid_argument);
}

TEST(FaceFromFrame, PutsTheMeanFaceSquareInTheMiddleOfTheCrop) {
  const auto face = MeanFaceAt({300, 200}, 100, 25);
  const auto m = FaceFromFrame(face.landmarks, {.size = 256, .coverage = 1.6f});
  const auto centre = Apply(m, {300, 200});
  EXPECT_NEAR(centre.x, 128, 0.01);  // px; float rounding
  EXPECT_NEAR(centre.y, 128, 0.01);
  EXPECT_NEAR(std::hypot(m(0, 0), m(1, 0)), 160 / 100.0, 1e-4);
}

TEST(FaceFromFrame, ShiftMovesTheCropDownTheFace) {
  const auto face = MeanFaceAt({300, 200}, 100);
  const auto m = FaceFromFrame(face.landmarks, {.size = 256, .coverage = 1.6f, .shift_y = 0.1f});
  EXPECT_NEAR(Apply(m, {300, 210}).y, 128, 0.01);
  EXPECT_NEAR(Apply(m, {300, 210}).x, 128, 0.01);
}

TEST(CropFromCrop, AgreesWithCuttingAnew) {
  const CropGeometry from{.size = 256, .coverage = 1.6f, .shift_y = 0.05f}, to{.size = 128, .coverage = 2.0f, .shift_y = -0.1f};
  const auto face = MeanFaceAt({311, 222}, 90, -17);
  const auto through = CropFromCrop(from, to);
  for (const cv::Point2f p : {cv::Point2f(300, 200), {250, 260}, {0, 0}}) {
    const auto direct = Apply(FaceFromFrame(face.landmarks, to), p);
    EXPECT_LT(cv::norm(Apply(through, Apply(FaceFromFrame(face.landmarks, from), p)) - direct), 0.01);  // px
  }
}

TEST(CropFromCrop, ThereAndBackIsTheIdentity) {
  const CropGeometry a{.size = 64, .coverage = 1.0f}, b{.size = 256, .coverage = 1.6f, .shift_y = 0.2f};
  const auto there = CropFromCrop(a, b), back = CropFromCrop(b, a);
  const cv::Point2f p(13, 57);
  EXPECT_LT(cv::norm(Apply(back, Apply(there, p)) - p), 1e-3);
  EXPECT_LT(LargestDifference(CropFromCrop(a, a), {1, 0, 0, 0, 1, 0}), 1e-6);
}

TEST(AlignFace, ShowsADotWhereItsMatrixSays) {
  for (const float side : {40.0f, 150.0f, 700.0f}) {  // px: enlarges, shrinks a little, shrinks by area
    cv::Mat picture(1000, 1200, CV_8UC3, cv::Scalar::all(0));
    const cv::Point2f dot(640, 470);
    cv::circle(picture, dot, cvRound(side / 12), cv::Scalar::all(255), cv::FILLED, cv::LINE_AA);
    const auto aligned = AlignFace(picture, MeanFaceAt({630, 480}, side, 20), {.size = 128});
    const auto m = cv::moments(Gray(aligned.image));
    const auto expected = Apply(aligned.face_from_frame, dot);
    ASSERT_GT(m.m00, 0);
    EXPECT_NEAR(m.m10 / m.m00, expected.x, 0.1) << side;  // px; 8-bit rounding of the dot's rim
    EXPECT_NEAR(m.m01 / m.m00, expected.y, 0.1) << side;
  }
}

TEST(AlignFace, ReplicatesTheBorderAroundAFaceThatLeavesThePicture) {
  const cv::Mat picture(200, 300, CV_8UC3, cv::Scalar(10, 120, 240));
  for (const cv::Point2f centre : {cv::Point2f(0, 0), {299, 199}, {-500, 90}, {150, 5000}}) {
    const auto aligned = AlignFace(picture, MeanFaceAt(centre, 120), {});
    ASSERT_EQ(aligned.image.size(), cv::Size(256, 256));
    EXPECT_EQ(cv::norm(aligned.image, cv::Mat(256, 256, CV_8UC3, cv::Scalar(10, 120, 240)), cv::NORM_INF), 0) << centre;
  }
}

TEST(AlignFace, AveragesEveryPixelWhenShrinking) {
  cv::Mat stripes(900, 900, CV_8UC3);
  for (int y = 0; y < stripes.rows; ++y) stripes.row(y).setTo(cv::Scalar::all(y % 2 ? 255 : 0));
  const auto aligned = AlignFace(stripes, MeanFaceAt({450, 450}, 500), {.size = 64});
  cv::Mat far_off;
  cv::absdiff(Gray(aligned.image), cv::Scalar(127.5), far_off);
  double most = 0;
  cv::minMaxLoc(far_off, nullptr, &most);
  EXPECT_LT(most, 30);  // luma steps; point samples would be 127 away
}

TEST(AlignFace, GivesTheSameFromAFrameAsFromAPhoto) {
  const cv::Mat photo = FacePicture("one_man.jpg");
  const auto faces = FaceDetector().Detect(Gray(photo));
  ASSERT_FALSE(faces.empty());
  const FrameFormat format{.width = photo.cols, .height = photo.rows, .chroma_shift_x = 0, .chroma_shift_y = 0, .full_range = true};
  const auto from_frame = AlignFace(Frame::FromBgr(photo, format, 7, 0), faces[0], {});
  const auto from_photo = AlignFace(photo, faces[0], {});
  EXPECT_LT(LargestDifference(from_frame.face_from_frame, from_photo.face_from_frame), 1e-6);
  EXPECT_LT(cv::norm(from_frame.image, from_photo.image, cv::NORM_L1) / (256 * 256 * 3), 2);  // steps: Y'CbCr rounding
  EXPECT_GT(from_photo.sharpness, 0);
}

TEST(AlignFace, RefusesNonsense) {
  const cv::Mat picture(100, 100, CV_8UC3, cv::Scalar::all(0));
  EXPECT_THROW(AlignFace(picture, DetectedFace{}, {}), std::invalid_argument);  // landmarks all at one place
  EXPECT_THROW(AlignFace(picture, MeanFaceAt({50, 50}, 40), {.size = 0}), std::invalid_argument);
  EXPECT_THROW(AlignFace(picture, MeanFaceAt({50, 50}, 40), {.coverage = 0}), std::invalid_argument);
  EXPECT_THROW(AlignFace(cv::Mat(), MeanFaceAt({50, 50}, 40), {}), std::invalid_argument);
  EXPECT_THROW(AlignFace(Frame(), MeanFaceAt({50, 50}, 40), {}), std::invalid_argument);
}

TEST(MeasureSharpness, FallsWithBlurAndTellsBlurredFromUsable) {
  cv::Mat photo = FacePicture("one_man.jpg"), blurred;
  const auto faces = FaceDetector().Detect(Gray(photo));
  ASSERT_FALSE(faces.empty());
  cv::GaussianBlur(photo, blurred, {}, 2.0);  // px; the face has 75
  const float sharp = AlignFace(photo, faces[0], {}).sharpness, soft = AlignFace(blurred, faces[0], {}).sharpness;
  EXPECT_GT(sharp, kBlurredBelow);
  EXPECT_LT(soft, kBlurredBelow);
}

TEST(MeasureSharpness, HardlyDependsOnTheGeometryOfTheCrop) {
  cv::Mat noise(800, 800, CV_8UC3);
  cv::theRNG().state = 5;
  cv::randu(noise, 0, 255);
  cv::GaussianBlur(noise, noise, {}, 4);
  const auto face = MeanFaceAt({400, 400}, 300);
  const float tight = AlignFace(noise, face, {.size = 256, .coverage = 1.0f}).sharpness;
  const float wide = AlignFace(noise, face, {.size = 512, .coverage = 2.0f, .shift_y = 0.1f}).sharpness;
  EXPECT_NEAR(wide / tight, 1, 0.15);  // the two are resampled differently
}

TEST(MeasureSharpness, IsZeroForAFlatFaceAndRefusesAnotherSize) {
  EXPECT_EQ(MeasureSharpness(cv::Mat(256, 256, CV_8UC3, cv::Scalar::all(90)), {}), 0);
  EXPECT_THROW(MeasureSharpness(cv::Mat(128, 128, CV_8UC3), {}), std::invalid_argument);
}

}  // namespace
}  // namespace reelswap
