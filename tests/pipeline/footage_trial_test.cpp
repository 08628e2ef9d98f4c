#include "pipeline/footage_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "actors/demo_clips.h"
#include "core/error.h"
#include "core/photo.h"
#include "face/align.h"
#include "face/face_detector.h"
#include "pipeline/face_replacement.h"
#include "pipeline/workspace.h"
#include "testing/temp_dir.h"

namespace reelswap {
namespace {

using testing::TempDir;

constexpr int kFaces = 6;
const CropGeometry kNetwork{64, 1.6f, 0.1f};

cv::Point2f Apply(const cv::Matx23f& map, const cv::Point2f& p) {
  return {map(0, 0) * p.x + map(0, 1) * p.y + map(0, 2), map(1, 0) * p.x + map(1, 1) * p.y + map(1, 2)};
}

/// Consecutive frames of a demo clip as held-out faces.
TrialPerson MakePerson(const std::string& name, const DemoClip& clip, const TempDir& folder) {
  TrialPerson person;
  person.name = name;
  person.training.person = name;
  FaceDetector detector;
  for (int i = 0; i < kFaces; ++i) {
    const cv::Mat picture = clip.Frame(20 + i);
    const auto faces = detector.Detect(LumaOfPhoto(picture));
    if (faces.empty()) continue;
    const AlignedFace aligned = AlignFace(picture, faces.front(), kStoredCrop);
    HeldOutFace face;
    face.image = folder / (name + std::to_string(i) + ".png");
    WritePhoto(face.image, aligned.image);
    face.pose = aligned.pose;
    for (size_t p = 0; p < face.landmarks.size(); ++p) {
      face.landmarks[p] = Apply(aligned.face_from_frame, faces.front().landmarks[p]);
    }
    const cv::Rect2f& box = faces.front().box;
    const cv::Point2f corner = Apply(aligned.face_from_frame, box.tl()), end = Apply(aligned.face_from_frame, box.br());
    face.box = cv::Rect2f(corner, end);
    face.source = "clip";
    face.frame_index = i;
    face.seconds = i / 25.0;
    person.training.images.push_back(face.image);
    person.training.poses.push_back(face.pose);
    person.training.landmarks.push_back(face.landmarks);
    person.held_out.push_back(face);
  }
  return person;
}

class FootageTrialTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempDir;
    const std::vector<DemoClip> clips = DemoClips();
    people_ = new std::vector<TrialPerson>{MakePerson("ava", clips[0], *folder_), MakePerson("ben", clips[1], *folder_)};
  }
  static void TearDownTestSuite() {
    delete people_;
    delete folder_;
  }

  static FootageTrial Trial(std::vector<TrialPerson> people = *people_) {
    return FootageTrial(std::move(people), kNetwork, kNetwork, {});
  }

  static inline TempDir* folder_ = nullptr;
  static inline std::vector<TrialPerson>* people_ = nullptr;
};

/// A network that gives back what it gets.
std::vector<SwappedCrop> Nothing(std::span<const cv::Mat> crops, const std::string&) {
  std::vector<SwappedCrop> out;
  for (const cv::Mat& crop : crops) out.push_back({crop.clone(), {}});
  return out;
}

std::vector<SwappedCrop> Blurred(std::span<const cv::Mat> crops, const std::string&) {
  std::vector<SwappedCrop> out = Nothing(crops, "");
  for (SwappedCrop& crop : out) cv::GaussianBlur(crop.image, crop.image, {}, 3);
  return out;
}

/// The same, all of it hidden by the network's own mask.
std::vector<SwappedCrop> BlurredButHidden(std::span<const cv::Mat> crops, const std::string&) {
  std::vector<SwappedCrop> out = Blurred(crops, "");
  for (SwappedCrop& crop : out) crop.mask = cv::Mat::zeros(crop.image.size(), CV_8UC1);
  return out;
}

TEST_F(FootageTrialTest, DoingNothingKeepsPoseExpressionAndCalm) {
  ASSERT_EQ((*people_)[0].held_out.size(), static_cast<size_t>(kFaces));
  const FootageScores scores = Trial().Run(Nothing);
  ASSERT_EQ(scores.people.size(), 2u);
  for (const SelfReconstruction& person : scores.people) {
    EXPECT_GT(person.ssim, 0.99);  // cut twice from the same picture
    EXPECT_GT(person.detail, 0.97);
    EXPECT_LT(person.l1, 0.005);
    EXPECT_EQ(person.frames, kFaces);
  }
  ASSERT_EQ(scores.directions.size(), 2u);
  for (const FootageDirection& direction : scores.directions) {
    // The face comes back from 64 px: landmarks, found to whole pixels, move by one here and there, which turns
    // the head by up to 4 degrees.
    EXPECT_LT(direction.pose_degrees, 6) << direction.from;
    EXPECT_LT(direction.expression_percent, 4) << direction.from;
    ASSERT_TRUE(direction.flicker.has_value());
    EXPECT_NEAR(*direction.flicker, 1, 0.35);
    EXPECT_FALSE(direction.margin.has_value());  // no weights were given
  }
  EXPECT_FALSE(scores.Parts().identity_margin.has_value());
}

TEST_F(FootageTrialTest, ABlurredFaceScoresLower) {
  FootageTrial trial = Trial();
  const double sharp = *HeadlineScore(trial.Run(Nothing).Parts());
  const FootageScores blurred = trial.Run(Blurred);
  EXPECT_LT(*HeadlineScore(blurred.Parts()), sharp - 0.05);
  EXPECT_LT(blurred.people[0].ssim, 0.9);
}

TEST_F(FootageTrialTest, TheNetworksMaskIsPastedWithButHidesNoReconstruction) {
  FootageTrial trial = Trial();
  const FootageScores blurred = trial.Run(Blurred), hidden = trial.Run(BlurredButHidden);
  ASSERT_EQ(hidden.people.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(hidden.people[i].ssim, blurred.people[i].ssim);
    EXPECT_EQ(hidden.people[i].l1, blurred.people[i].l1);
  }
  for (const FootageDirection& direction : hidden.directions) {
    EXPECT_EQ(direction.pose_degrees, 0) << direction.from;  // the pictures are the originals, pixel by pixel
    EXPECT_EQ(direction.expression_percent, 0) << direction.from;
  }
  for (const FootagePicture& picture : trial.Pictures(BlurredButHidden)) {
    EXPECT_EQ(cv::norm(picture.swapped, picture.target, cv::NORM_INF), 0);
  }
}

TEST_F(FootageTrialTest, AFeaturelessFaceIsWorthNothing) {
  const auto featureless = [](std::span<const cv::Mat> crops, const std::string& person) {
    std::vector<SwappedCrop> out = Nothing(crops, person);
    for (SwappedCrop& crop : out) cv::GaussianBlur(crop.image, crop.image, {}, crop.image.cols / 4.0);
    return out;
  };
  const FootageScores scores = Trial().Run(featureless);
  for (const SelfReconstruction& person : scores.people) EXPECT_LT(person.detail, 0.05) << person.person;
  EXPECT_LT(*HeadlineScore(scores.Parts()), 0.25);  // although landmarks are always found somewhere
}

TEST_F(FootageTrialTest, RestlessFacesAreToldFromCalmOnes) {
  int call = 0;
  const auto restless = [&](std::span<const cv::Mat> crops, const std::string& person) {
    std::vector<SwappedCrop> out = Nothing(crops, person);
    for (SwappedCrop& crop : out) cv::GaussianBlur(crop.image, crop.image, {}, ++call % 2 == 0 ? 0.5 : 3);
    return out;
  };
  FootageTrial trial = Trial();
  const double calm = *trial.Run(Nothing).directions[0].flicker;
  EXPECT_GT(*trial.Run(restless).directions[0].flicker, calm * 1.5);
}

TEST_F(FootageTrialTest, NumbersNameDirectionsAndMeans) {
  const auto numbers = Trial().Run(Nothing).Numbers();
  for (const char* name : {"ssim", "ssim: ava", "ssim: ben", "l1: ben", "pose error: ava as ben", "flicker",
                           "expression error: ben as ava"}) {
    EXPECT_TRUE(numbers.contains(name)) << name;
  }
  EXPECT_NEAR(numbers.at("ssim"), (numbers.at("ssim: ava") + numbers.at("ssim: ben")) / 2, 1e-12);
}

TEST_F(FootageTrialTest, PicturesGoFromBestToWorstWithTheNearestKnownPose) {
  const std::vector<FootagePicture> pictures = Trial().Pictures(Nothing);
  ASSERT_EQ(pictures.size(), 6u);  // three of each direction
  EXPECT_GE(pictures[0].quality, pictures[1].quality);
  EXPECT_GE(pictures[1].quality, pictures[2].quality);
  for (const FootagePicture& picture : pictures) {
    EXPECT_EQ(picture.target.size(), picture.swapped.size());
    EXPECT_FALSE(picture.reference.empty());
  }
}

TEST_F(FootageTrialTest, SomeoneWithoutHeldOutFacesIsOnlySwappedTo) {
  std::vector<TrialPerson> people = *people_;
  people[1].held_out.clear();
  const FootageScores scores = Trial(people).Run(Nothing);
  ASSERT_EQ(scores.directions.size(), 1u);
  EXPECT_EQ(scores.directions[0].from, "ava");
  EXPECT_EQ(scores.people.size(), 1u);
  people[0].held_out.clear();
  EXPECT_THROW(Trial(people), Error);
}

TEST(SpreadInRuns, TakesAllWhenTheyFit) {
  EXPECT_EQ(SpreadInRuns(5, 8).size(), 5u);
  EXPECT_TRUE(SpreadInRuns(0, 8).empty());
}

TEST(SpreadInRuns, TakesNeighboursFromBeginningToEnd) {
  const std::vector<size_t> chosen = SpreadInRuns(1000, 12);
  EXPECT_THAT(chosen, ::testing::ElementsAre(0, 1, 2, 3, 498, 499, 500, 501, 996, 997, 998, 999));
}

TEST(SpreadInRuns, NeverTakesMoreThanAskedOrOneTwice) {
  for (size_t faces = 1; faces < 60; ++faces) {
    for (size_t count = 1; count < 60; ++count) {
      const std::vector<size_t> chosen = SpreadInRuns(faces, count);
      EXPECT_LE(chosen.size(), count);
      for (size_t i = 1; i < chosen.size(); ++i) ASSERT_LT(chosen[i - 1], chosen[i]);
      EXPECT_LT(chosen.back(), faces);
    }
  }
}

}  // namespace
}  // namespace reelswap
