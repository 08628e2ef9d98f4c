#include "face/face_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "core/error.h"
#include "face/box_overlap.h"
#include "face/pictures.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::FacePicture;
using testing::Gray;
using testing::Scene;

/// Names other landmark weights while it lives.
struct NamedWeights {
  explicit NamedWeights(const std::string& path) { setenv("REELSWAP_LANDMARKS", path.c_str(), 1); }
  ~NamedWeights() { unsetenv("REELSWAP_LANDMARKS"); }
};

cv::Point2f MeanOf(const Landmarks& l, int first, int last) {
  cv::Point2f sum;
  for (int i = first; i <= last; ++i) sum += l[i];
  return sum * (1.0f / (last - first + 1));
}

TEST(FaceDetector, FindsTheFaceOfAPictureWithItsLandmarks) {
  const auto faces = FaceDetector().Detect(Gray(FacePicture("one_man.jpg")));
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_GT(BoxOverlap(faces[0].box, testing::kManBox), 0.5);
  EXPECT_GT(faces[0].score, 0);
  const auto& l = faces[0].landmarks;
  // Centres of the eyes and of the mouth, by hand; 4 px are a tenth of the distance between his eyes.
  EXPECT_LT(cv::norm(MeanOf(l, 36, 41) - cv::Point2f(291, 102)), 4);
  EXPECT_LT(cv::norm(MeanOf(l, 42, 47) - cv::Point2f(319, 102)), 4);
  EXPECT_LT(cv::norm(MeanOf(l, 48, 67) - cv::Point2f(304, 126)), 5);
}

TEST(FaceDetector, FindsBothPeopleLargestFirst) {
  const auto faces = FaceDetector().Detect(Gray(FacePicture("two_people.jpg")));
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_GE(faces[0].box.area(), faces[1].box.area());
  const bool left_first = faces[0].box.x < 200;
  EXPECT_GT(BoxOverlap(faces[left_first ? 0 : 1].box, testing::kLeftBox), 0.5);
  EXPECT_GT(BoxOverlap(faces[left_first ? 1 : 0].box, testing::kRightBox), 0.5);
}

TEST(FaceDetector, SortsFacesBySize) {
  Scene scene({900, 500});
  scene.AddFace({150, 200}, 90);
  const auto large = scene.AddFace({550, 250}, 240);
  const auto faces = FaceDetector().Detect(scene.luma);
  ASSERT_EQ(faces.size(), 2u);
  EXPECT_GT(BoxOverlap(faces[0].box, large), 0.5);
}

TEST(FaceDetector, FindsFacesOfEverySizeFromTheSmallestAskedFor) {
  for (const float height : {46.0f, 90.0f, 200.0f, 380.0f}) {  // 46 px by hand are a box of 40
    Scene scene({640, 480});
    const auto truth = scene.AddFace({320, 240}, height);
    const auto faces = FaceDetector({.min_size = 40}).Detect(scene.luma);
    ASSERT_EQ(faces.size(), 1u) << height;
    EXPECT_GT(BoxOverlap(faces[0].box, truth), 0.5) << height;
  }
}

TEST(FaceDetector, DoesNotSearchForFacesBelowItsSmallestSize) {
  Scene scene({640, 480});
  scene.AddFace({320, 240}, 70);
  EXPECT_TRUE(FaceDetector({.min_size = 120}).Detect(scene.luma).empty());
  EXPECT_EQ(FaceDetector({.min_size = 60}).Detect(scene.luma).size(), 1u);
}

TEST(FaceDetector, ALowerThresholdFindsAFaceBehindAHand) {
  const auto luma = Gray(FacePicture("hand_on_mouth.jpg"));
  EXPECT_TRUE(FaceDetector({.threshold = 0.3f}).Detect(luma).empty());
  const auto faces = FaceDetector({.threshold = -0.3f}).Detect(luma);
  ASSERT_FALSE(faces.empty());
  EXPECT_LT(faces[0].score, 0.3f);
}

TEST(FaceDetector, FindsNothingInAnEmptyOrTinyPicture) {
  FaceDetector detector;
  EXPECT_TRUE(detector.Detect(cv::Mat(480, 640, CV_8UC1, cv::Scalar(128))).empty());
  for (const cv::Size size : {cv::Size(1, 1), {2, 300}, {300, 3}, {20, 20}}) {
    EXPECT_TRUE(detector.Detect(cv::Mat(size, CV_8UC1, cv::Scalar(128))).empty()) << size;
    EXPECT_TRUE(detector.DetectNear(cv::Mat(size, CV_8UC1, cv::Scalar(128)), {0, 0, 10, 10}).empty()) << size;
  }
}

TEST(FaceDetector, AFaceAtTheBorderKeepsABoxThatReachesOverIt) {
  const auto picture = Gray(FacePicture("one_man.jpg"));
  const auto cut = picture(cv::Rect(0, 84, 640, 396));  // through the forehead
  const auto faces = FaceDetector({.threshold = -0.3f}).Detect(cut);
  ASSERT_EQ(faces.size(), 1u);
  EXPECT_GT(BoxOverlap(faces[0].box, testing::kManBox - cv::Point2f(0, 84)), 0.5);
  EXPECT_LT(faces[0].box.y, 0);
}

TEST(FaceDetector, SearchesNearAKnownPlaceOnly) {
  FaceDetector detector;
  const auto luma = Gray(FacePicture("two_people.jpg"));
  const auto near_right = detector.DetectNear(luma, testing::kRightBox + cv::Point2f(12, -8));
  ASSERT_EQ(near_right.size(), 1u);
  EXPECT_GT(BoxOverlap(near_right[0].box, testing::kRightBox), 0.5);
  EXPECT_TRUE(detector.DetectNear(luma, {200, 150, 70, 70}).empty());
  EXPECT_TRUE(detector.DetectNear(luma, {-400, -400, 70, 70}).empty());  // outside the picture
}

TEST(FaceDetector, FindsNearAPlaceWhatAWholeSearchMisses) {
  const auto luma = Gray(FacePicture("hand_on_mouth.jpg"));
  FaceDetector detector({.threshold = 0.1f});
  EXPECT_TRUE(detector.Detect(luma).empty());
  const auto faces = detector.DetectNear(luma, {272, 64, 74, 72});
  ASSERT_FALSE(faces.empty());
  EXPECT_GT(BoxOverlap(faces[0].box, {272, 64, 74, 72}), 0.5);
}

TEST(FaceDetector, LandmarksScaleWithThePicture) {
  const auto small = Gray(FacePicture("one_man.jpg"));
  cv::Mat large;
  cv::resize(small, large, {}, 3, 3, cv::INTER_CUBIC);
  FaceDetector detector;
  const cv::Rect2f box(274, 81, 63, 63);
  const auto l = detector.FindLandmarks(small, box);
  const auto l3 = detector.FindLandmarks(large, {3 * box.x, 3 * box.y, 3 * box.width, 3 * box.height});
  double sum = 0;
  for (int i = 0; i < kLandmarkCount; ++i) sum += cv::norm((l3[i] + cv::Point2f(0.5f, 0.5f)) / 3 - cv::Point2f(0.5f, 0.5f) - l[i]);
  EXPECT_LT(sum / kLandmarkCount, 0.02 * box.width);
}

TEST(FaceDetector, WorksInSeveralThreadsAtOnceOneEach) {
  const auto luma = Gray(FacePicture("two_people.jpg"));
  const auto alone = FaceDetector().Detect(luma);
  const auto search = [&] { return FaceDetector().Detect(luma); };
  auto first = std::async(std::launch::async, search), second = std::async(std::launch::async, search);
  for (const auto& faces : {first.get(), second.get()}) {
    ASSERT_EQ(faces.size(), alone.size());
    for (size_t i = 0; i < faces.size(); ++i) {
      EXPECT_EQ(faces[i].box, alone[i].box);
      EXPECT_EQ(faces[i].landmarks, alone[i].landmarks);
    }
  }
}

TEST(FaceDetector, RefusesWhatIsNoLuma) {
  FaceDetector detector;
  EXPECT_THROW(detector.Detect(cv::Mat()), std::invalid_argument);
  EXPECT_THROW(detector.Detect(cv::Mat(100, 100, CV_8UC3)), std::invalid_argument);
  EXPECT_THROW(detector.FindLandmarks(cv::Mat(100, 100, CV_8UC1, cv::Scalar(0)), {500, 500, 50, 50}), std::invalid_argument);
  EXPECT_THROW(detector.DetectNear(cv::Mat(100, 100, CV_8UC1), {}), std::invalid_argument);
  EXPECT_THROW(FaceDetector({.min_size = -1}), std::invalid_argument);
}

void ExpectMissingWeights(const std::string& path) {
  try {
    FaceDetector detector;
    FAIL() << "made a detector without weights";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kMissingTool);
    EXPECT_THAT(e.what(), ::testing::HasSubstr("libdlib-data"));
    EXPECT_THAT(e.what(), ::testing::HasSubstr(path));
  }
}

TEST(FaceDetector, NamesThePackageWhenTheLandmarkWeightsAreMissing) {
  const NamedWeights named("/nowhere/landmarks.dat");
  EXPECT_EQ(LandmarkWeightsPath(), "");
  ExpectMissingWeights("/nowhere/landmarks.dat");
}

TEST(FaceDetector, SaysSoWhenTheLandmarkWeightsAreDamaged) {
  const testing::TempDir folder;
  const auto path = (folder / "landmarks.dat").string();
  std::ofstream(path) << "these are no weights";
  const NamedWeights named(path);
  EXPECT_EQ(LandmarkWeightsPath(), path);
  ExpectMissingWeights(path);
  ExpectMissingWeights(path);  // a failure is not remembered as success
}

TEST(FaceDetector, TakesTheWeightsThatTheEnvironmentNames) {
  const testing::TempDir folder;
  const auto path = (folder / "copy.dat").string();
  std::filesystem::create_symlink(LandmarkWeightsPath(), path);
  const NamedWeights named(path);
  EXPECT_EQ(LandmarkWeightsPath(), path);
  EXPECT_EQ(FaceDetector().Detect(Gray(FacePicture("one_man.jpg"))).size(), 1u);
}

TEST(DlibVersion, IsANumber) { EXPECT_THAT(DlibVersion(), ::testing::MatchesRegex("[0-9]+\\.[0-9]+")); }

}  // namespace
}  // namespace reelswap
