#include "model/face_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "core/error.h"
#include "testing/drawn_faces.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

class FaceLoaderTest : public ::testing::Test {
 protected:
  FaceLoaderSettings Settings(int workers = 1) const {
    FaceLoaderSettings s;
    s.stored = {64, 1.8f, 0.1f};
    s.input = {16, 1.4f, 0.1f};
    s.output = {32, 1.4f, 0.1f};
    s.batch = 3;
    s.workers = workers;
    return s;
  }
  std::vector<TrainingFaces> People() const {
    return {{"a", testing::WriteDrawnFaces(dir_ / "a", 0, 5, 64), {}, {}},
            {"b", testing::WriteDrawnFaces(dir_ / "b", 1, 7, 64), {}, {}}};
  }
  TempDir dir_;
};

TEST_F(FaceLoaderTest, GivesEveryPersonABatchOfBothSizes) {
  FaceLoader loader(People(), Settings(), 0);
  const FaceBatch batch = loader.Next();
  EXPECT_EQ(batch.iteration, 0);
  EXPECT_EQ(batch.input.size(), 2u * 3 * 16 * 16 * 3);
  EXPECT_EQ(batch.target.size(), 2u * 3 * 32 * 32 * 3);
  EXPECT_EQ(loader.Next().iteration, 1);
}

TEST_F(FaceLoaderTest, GivesTheSameStreamWhateverTheThreads) {
  const auto people = People();
  FaceLoader one(people, Settings(1), 0), four(people, Settings(4), 0);
  for (int i = 0; i < 8; ++i) {
    const FaceBatch a = one.Next(), b = four.Next();
    EXPECT_EQ(a.input, b.input) << i;
    EXPECT_EQ(a.target, b.target) << i;
  }
}

TEST_F(FaceLoaderTest, ContinuesTheSameStreamWhenStartedInTheMiddle) {
  const auto people = People();
  FaceLoader whole(people, Settings(), 0), later(people, Settings(), 4);
  for (int i = 0; i < 4; ++i) whole.Next();
  EXPECT_EQ(whole.Next().input, later.Next().input);
}

TEST_F(FaceLoaderTest, GivesAnotherStreamForAnotherSeed) {
  const auto people = People();
  FaceLoaderSettings other = Settings();
  other.seed = 2;
  EXPECT_NE(FaceLoader(people, Settings(), 0).Next().input, FaceLoader(people, other, 0).Next().input);
}

TEST_F(FaceLoaderTest, GivesTheSameFacesWhenNothingFitsIntoMemory) {
  const auto people = People();
  FaceLoaderSettings no_cache = Settings();
  no_cache.cache_bytes = 0;
  FaceLoader cached(people, Settings(), 0), uncached(people, no_cache, 0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(cached.Next().target, uncached.Next().target);
}

TEST_F(FaceLoaderTest, UsesEveryPictureOnceBeforeAnyAgain) {
  // Without changes to the pictures, six single-colour ones can be told apart in the targets.
  TrainingFaces person{"a", {}, {}, {}};
  for (int i = 0; i < 6; ++i) {
    const cv::Mat plain(64, 64, CV_8UC3, cv::Scalar::all(40 * i));
    person.images.push_back(testing::WritePlainPicture(dir_ / ("plain" + std::to_string(i) + ".png"), plain));
  }
  FaceLoader loader({person, person}, Settings(), 0);
  std::multiset<int> seen;
  for (int i = 0; i < 2; ++i) {
    const FaceBatch batch = loader.Next();
    for (int k = 0; k < 3; ++k) seen.insert(batch.target[static_cast<size_t>(k) * 32 * 32 * 3]);
  }
  EXPECT_THAT(seen, ::testing::ElementsAre(0, 40, 80, 120, 160, 200));
}

/// Landmarks of an upright face in a picture of `side` px: an ellipse for the jaw, brows above eyes.
Landmarks UprightFace(float side, float mouth_gap = 0) {
  Landmarks points;
  for (int i = 0; i < kLandmarkCount; ++i) {
    const float angle = 3.14159f * static_cast<float>(i) / 16.0f;  // the jaw, ear to ear through the chin
    points[i] = {side * (0.5f - 0.3f * std::cos(angle)), side * (0.5f + 0.35f * std::sin(angle))};
  }
  for (int i = 17; i < kLandmarkCount; ++i) points[i] = {side * 0.5f, side * 0.6f};
  for (int i = 17; i <= 26; ++i) points[i] = {side * (0.25f + 0.055f * static_cast<float>(i - 17)), side * 0.40f};
  for (int i = 36; i <= 47; ++i) points[i] = {side * (0.30f + 0.036f * static_cast<float>(i - 36)), side * 0.48f};
  points[62] = {side * 0.5f, side * 0.7f};
  points[66] = {side * 0.5f, side * (0.7f + mouth_gap)};
  return points;
}

TEST_F(FaceLoaderTest, GivesMasksWhereAllFacesHaveLandmarks) {
  auto people = People();
  FaceLoaderSettings settings = Settings();
  settings.masks = true;
  EXPECT_TRUE(FaceLoader(people, settings, 0).Next().mask.empty());  // nobody has landmarks
  for (TrainingFaces& person : people) person.landmarks.assign(person.images.size(), UprightFace(64));
  const FaceBatch batch = FaceLoader(people, settings, 0).Next();
  ASSERT_EQ(batch.mask.size(), 2u * 3 * 32 * 32);
  for (int face = 0; face < 6; ++face) {
    const uint8_t* mask = batch.mask.data() + face * 32 * 32;
    EXPECT_EQ(mask[16 * 32 + 16], 255) << face;  // the middle of the face
    EXPECT_EQ(mask[0], 0) << face;               // a corner
  }
  people[1].landmarks.pop_back();
  EXPECT_TRUE(FaceLoader(people, settings, 0).Next().mask.empty());
}

TEST(FaceMask, CoversTheFaceAndAStripAboveTheBrows) {
  const cv::Mat mask = FaceMask(UprightFace(100), 100);
  EXPECT_EQ(mask.at<uint8_t>(60, 50), 255);
  EXPECT_EQ(mask.at<uint8_t>(36, 50), 255);  // brows at 40, raised by 0.7 x 8 px
  EXPECT_EQ(mask.at<uint8_t>(30, 50), 0);
  EXPECT_EQ(mask.at<uint8_t>(95, 50), 0);  // below the chin
}

TEST(Repetitions, ShowRarePosesMoreOften) {
  TrainingFaces person{"a", {}, {}, {}};
  for (int i = 0; i < 110; ++i) {
    person.images.emplace_back("unused.png");
    person.poses.push_back({i < 100 ? 0.0f : 40.0f, 0, 0});
  }
  const std::vector<int> repetitions = Repetitions(person);
  EXPECT_EQ(repetitions.front(), 1);
  EXPECT_EQ(repetitions.back(), 3);  // the square root of 100 / 10
}

TEST(Repetitions, CountMirroredPosesAsOneAndOpenMouthsAsRare) {
  TrainingFaces person{"a", {}, {}, {}};
  for (int i = 0; i < 40; ++i) {
    person.images.emplace_back("unused.png");
    person.poses.push_back({i % 2 == 0 ? 30.0f : -30.0f, 0, 0});
    person.landmarks.push_back(UprightFace(100, i < 38 ? 0.0f : 0.2f));
  }
  const std::vector<int> repetitions = Repetitions(person);
  EXPECT_EQ(std::count(repetitions.begin(), repetitions.end() - 2, 1), 38);
  EXPECT_EQ(repetitions.back(), 4);  // sqrt(38 / 2) is more than the most
}

TEST_F(FaceLoaderTest, FadesTheWarpOutOverTheEnd) {
  const auto people = People();
  FaceLoaderSettings settings = Settings();
  settings.warp_fade_from = 0.5;
  settings.total_iterations = 10;
  FaceLoaderSettings unwarped = settings;
  unwarped.warp.jitter = 0;
  FaceLoaderSettings always = Settings();
  // Step 0 is as warped as ever, step 10 not at all.
  EXPECT_EQ(FaceLoader(people, settings, 0).Next().input, FaceLoader(people, always, 0).Next().input);
  EXPECT_EQ(FaceLoader(people, settings, 10).Next().input, FaceLoader(people, unwarped, 10).Next().input);
  EXPECT_NE(FaceLoader(people, settings, 8).Next().input, FaceLoader(people, unwarped, 8).Next().input);
}

TEST_F(FaceLoaderTest, NamesAPictureThatCannotBeRead) {
  auto people = People();
  std::ofstream(people[1].images[2]) << "no picture";
  FaceLoader loader(people, Settings(), 0);
  try {
    for (int i = 0; i < 5; ++i) loader.Next();
    FAIL() << "a damaged picture passed";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kMedia);
    EXPECT_THAT(e.what(), HasSubstr("face_002.png"));
  }
}

TEST_F(FaceLoaderTest, NamesAPictureOfAnotherSize) {
  auto people = People();
  testing::WritePlainPicture(people[0].images[0], cv::Mat(50, 64, CV_8UC3, cv::Scalar::all(9)));
  FaceLoader loader(people, Settings(), 0);
  try {
    for (int i = 0; i < 5; ++i) loader.Next();
    FAIL() << "a picture of another size passed";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kFaces);
    EXPECT_THAT(e.what(), HasSubstr("64 x 50 px"));
  }
}

TEST_F(FaceLoaderTest, StopsAtOnceWhenNobodyTakesTheBatches) {
  FaceLoader loader(People(), Settings(3), 0);  // the destructor must not wait for a consumer
}

}  // namespace
}  // namespace reelswap
