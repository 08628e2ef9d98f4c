#include "model/face_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    return {{"a", testing::WriteDrawnFaces(dir_ / "a", 0, 5, 64)},
            {"b", testing::WriteDrawnFaces(dir_ / "b", 1, 7, 64)}};
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
  TrainingFaces person{"a", {}};
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
