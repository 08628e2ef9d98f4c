#include "pipeline/actor_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "core/error.h"

namespace reelswap {
namespace {

using ::testing::HasSubstr;
using Crops = std::vector<cv::Mat>;

constexpr CropGeometry kCrop{128, 1.6f, 0};

/// One short clip of small pictures: a face is about 65 px wide.
ActorTrialOptions Small() {
  ActorTrialOptions options;
  options.clips = 1;
  options.frames_per_clip = 6;
  options.frames_per_run = 3;
  options.picture_width = 320;
  return options;
}

ActorTrial SmallTrial(const CropGeometry& input = kCrop, const CropGeometry& output = kCrop) {
  return {"ava", NamedIdentity("ava"), "ben", NamedIdentity("ben"), input, output, Small()};
}

/// What a network gives back; mask: empty, or the same for every crop.
std::vector<SwappedCrop> Answers(const Crops& crops, const cv::Mat& mask = {}) {
  std::vector<SwappedCrop> answers;
  for (const cv::Mat& crop : crops) answers.push_back({crop, mask});
  return answers;
}

std::vector<SwappedCrop> Same(std::span<const cv::Mat> crops, const std::string&) {
  return Answers({crops.begin(), crops.end()});
}

/// Crops of the truth's pictures, as its own faces were found: what a very good network would give back.
Crops TruthCrops() {
  const ActorIdentity ava = NamedIdentity("ava");
  const ActorTrial other("truth", SwappedIdentity(ava, NamedIdentity("ben")), "ava", ava, kCrop, kCrop,
                         Small());
  Crops truth;
  other.Run([&](std::span<const cv::Mat> crops, const std::string&) {
    for (const cv::Mat& crop : crops) truth.push_back(crop.clone());
    return Same(crops, "");
  });
  return truth;
}

TEST(ActorTrial, TheTargetsOwnFaceScoresNothing) {
  const ActorScores scores = SmallTrial().Run(Same);
  EXPECT_EQ(scores.frames, 6);
  EXPECT_EQ(scores.frames_without_face, 0);
  EXPECT_NEAR(scores.mean.transfer, 0, 0.05);  // cutting and pasting resamples, which blurs
  EXPECT_NEAR(scores.mean.quality, 0, 0.05);
  EXPECT_LT(scores.mean.artefact, 0.4);
  EXPECT_GT(scores.flicker, 0.6);
  EXPECT_LT(scores.flicker, 1.2);
}

TEST(ActorTrial, TheTruthsOwnFaceScoresTheCeiling) {
  const ActorTrial trial = SmallTrial();
  const ActorScores own = trial.Run(Same), ceiling = trial.Ceiling();
  EXPECT_GT(ceiling.mean.quality, 0.45);  // at 640 px: 0.73; the feather is wide in so small a face
  EXPECT_LT(ceiling.mean.quality, 1);     // it keeps the target's rim and colours
  EXPECT_GT(ceiling.mean.transfer, 0.6);
  EXPECT_GT(ceiling.mean.ssim, own.mean.ssim + 0.1);
  EXPECT_LT(ceiling.landmark_error, own.landmark_error);
  EXPECT_NEAR(ceiling.landmark_error, ceiling.landmark_error_floor, 1.5);  // % of the eyes' distance
}

TEST(ActorTrial, OrdersSwapsByHowMuchOfTheTruthTheyShow) {
  const ActorTrial trial = SmallTrial();
  const Crops truth = TruthCrops();
  double last = trial.Run(Same).mean.quality;
  for (const double share : {0.33, 0.67, 1.0}) {
    const ActorScores scores = trial.Run([&](std::span<const cv::Mat> crops, const std::string&) {
      Crops mixed(crops.size());
      for (size_t i = 0; i < crops.size(); ++i)
        cv::addWeighted(truth.at(i), share, crops[i], 1 - share, 0, mixed[i]);
      return Answers(mixed);
    });
    EXPECT_GT(scores.mean.quality, last + 0.05) << share;
    last = scores.mean.quality;
  }
  EXPECT_GT(last, 0.3);
}

TEST(ActorTrial, WhatTheNetworksMaskHidesDoesNotCount) {
  const ActorTrial trial = SmallTrial();
  const Crops truth = TruthCrops();
  const auto masked_by = [&](const cv::Mat& mask) {
    return trial.Run([&](std::span<const cv::Mat>, const std::string&) { return Answers(truth, mask); });
  };
  const ActorScores bare = masked_by({}), open = masked_by(cv::Mat(128, 128, CV_8UC1, cv::Scalar(255)));
  const ActorScores shut = masked_by(cv::Mat::zeros(128, 128, CV_8UC1));
  EXPECT_GT(bare.mean.quality, 0.3);
  // The border of the open mask is interpolated to nothing, which the feather has done already.
  EXPECT_NEAR(open.mean.quality, bare.mean.quality, 0.01);
  // Every pixel stays the target's: nothing was gone of the way, and nothing lies beside it.
  EXPECT_NEAR(shut.mean.transfer, 0, 1e-4);  // float sums
  EXPECT_NEAR(shut.mean.artefact, 0, 1e-3);
  EXPECT_NEAR(shut.mean.quality, 0, 1e-4);
  const ActorScores own = trial.Run(Same);
  EXPECT_NEAR(shut.mean.ssim, own.mean.ssim, 0.05);
  EXPECT_NEAR(shut.landmark_error, own.landmark_error, 1.5);  // % of the eyes' distance
  // The pictures of a report are pasted the same way.
  for (const TrialPicture& picture : trial.Pictures([&](std::span<const cv::Mat>, const std::string&) {
         return Answers(truth, cv::Mat::zeros(128, 128, CV_8UC1));
       })) {
    EXPECT_EQ(cv::norm(picture.result, picture.target, cv::NORM_INF), 0);
  }
}

TEST(ActorTrial, RatesABlurredTargetNoBetterThanTheTarget) {
  const ActorTrial trial = SmallTrial();
  const ActorScores blurred = trial.Run([](std::span<const cv::Mat> crops, const std::string&) {
    Crops soft(crops.size());
    for (size_t i = 0; i < crops.size(); ++i) cv::GaussianBlur(crops[i], soft[i], {}, 5);
    return Answers(soft);
  });
  EXPECT_LT(blurred.mean.quality, 0.05);
  EXPECT_GT(blurred.mean.artefact, 0.5);
}

TEST(ActorTrial, SeesFacesThatJumpBetweenFrames) {
  const ActorTrial trial = SmallTrial();
  const ActorScores jumping = trial.Run([](std::span<const cv::Mat> crops, const std::string&) {
    Crops moved(crops.size());
    for (size_t i = 0; i < crops.size(); ++i) {
      const cv::Matx23d by(1, 0, i % 2 == 0 ? 3 : -3, 0, 1, 0);
      cv::warpAffine(crops[i], moved[i], by, crops[i].size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    }
    return Answers(moved);
  });
  EXPECT_GT(jumping.flicker, 1.5 * trial.Run(Same).flicker);
}

TEST(ActorTrial, AsksOnceForTheSourcesFaceInTheNetworksSizes) {
  const CropGeometry input{64, 1.0f, 0}, output{128, 1.0f, 0};
  const ActorTrial trial = SmallTrial(input, output);
  int calls = 0;
  const ActorScores scores = trial.Run([&](std::span<const cv::Mat> crops, const std::string& person) {
    ++calls;
    EXPECT_EQ(person, "ben");
    EXPECT_EQ(crops.size(), 6u);
    Crops large(crops.size());
    for (size_t i = 0; i < crops.size(); ++i) {
      EXPECT_EQ(crops[i].size(), cv::Size(64, 64));
      cv::resize(crops[i], large[i], {128, 128}, 0, 0, cv::INTER_CUBIC);
    }
    return Answers(large);
  });
  EXPECT_EQ(calls, 1);
  EXPECT_NEAR(scores.mean.transfer, 0, 0.15);  // 64 px lose the target's freckles, which the source has not
}

TEST(ActorTrial, GivesTheSameNumbersAgainEvenWhenCropsWereWrittenInto) {
  const ActorTrial trial = SmallTrial();
  const auto first = trial.Run(Same).Numbers();
  trial.Run([](std::span<const cv::Mat> crops, const std::string&) {
    Crops black(crops.begin(), crops.end());
    for (cv::Mat& crop : black) crop.setTo(cv::Scalar::all(0));
    return Answers(black);
  });
  EXPECT_EQ(trial.Run(Same).Numbers(), first);
  EXPECT_EQ(SmallTrial().Run(Same).Numbers(), first);
  for (const char* name :
       {"quality", "transfer", "artefact", "ssim", "landmark error", "flicker", "frames"}) {
    EXPECT_TRUE(first.contains(name)) << name;
  }
}

TEST(ActorTrial, ShowsTheBestTheMedianAndTheWorstFrame) {
  const std::vector<TrialPicture> pictures = SmallTrial().Pictures(Same);
  ASSERT_EQ(pictures.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(pictures[i].caption, HasSubstr(std::vector{"best", "median", "worst"}[i]));
    EXPECT_THAT(pictures[i].caption, HasSubstr("ava as ben"));
    EXPECT_EQ(pictures[i].target.size(), pictures[i].result.size());
    EXPECT_EQ(pictures[i].target.size(), pictures[i].truth.size());
    EXPECT_GT(cv::norm(pictures[i].target, pictures[i].truth, cv::NORM_INF), 20);
  }
  EXPECT_GE(pictures[0].quality, pictures[1].quality);
  EXPECT_GE(pictures[1].quality, pictures[2].quality);
}

TEST(ActorTrial, PassesOnWhatTheSwapThrows) {
  const ActorTrial trial = SmallTrial();
  const SwapFunction refuse = [](std::span<const cv::Mat>, const std::string& person) -> std::vector<SwappedCrop> {
    throw Error(ErrorKind::kModel, "this model has no " + person);
  };
  try {
    trial.Run(refuse);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kModel);
    EXPECT_STREQ(error.what(), "this model has no ben");
  }
  EXPECT_THROW(trial.Pictures(refuse), Error);
}

TEST(ActorTrial, RefusesSwapsThatDoNotFit) {
  const ActorTrial trial = SmallTrial();
  const auto run = [&](const Crops& crops, const cv::Mat& mask = {}) {
    trial.Run([&](std::span<const cv::Mat>, const std::string&) { return Answers(crops, mask); });
  };
  EXPECT_THROW(run({}), std::invalid_argument);
  EXPECT_THROW(run(Crops(5, cv::Mat(128, 128, CV_8UC3))), std::invalid_argument);
  EXPECT_THROW(run(Crops(6, cv::Mat(64, 64, CV_8UC3))), std::invalid_argument);
  EXPECT_THROW(run(Crops(6, cv::Mat(128, 128, CV_8UC1))), std::invalid_argument);
  EXPECT_THROW(run(Crops(6)), std::invalid_argument);
  const Crops fitting(6, cv::Mat(128, 128, CV_8UC3, cv::Scalar::all(90)));
  EXPECT_NO_THROW(run(fitting, cv::Mat(128, 128, CV_8UC1, cv::Scalar(255))));
  EXPECT_THROW(run(fitting, cv::Mat(64, 64, CV_8UC1, cv::Scalar(255))), std::invalid_argument);
  EXPECT_THROW(run(fitting, cv::Mat(128, 128, CV_32FC1, cv::Scalar(1))), std::invalid_argument);
}

TEST(ActorTrial, RefusesAPersonAsItsOwnSource) {
  const ActorIdentity ava = NamedIdentity("ava");
  EXPECT_THROW(ActorTrial("ava", ava, "ava", ava, kCrop, kCrop, Small()), std::invalid_argument);
}

TEST(ActorTrial, SaysWhenNoFaceIsFound) {
  ActorTrialOptions tiny = Small();
  tiny.picture_width = 64;  // faces of 15 px, too small for the detector
  try {
    ActorTrial("ava", NamedIdentity("ava"), "ben", NamedIdentity("ben"), kCrop, kCrop, tiny);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFaces);
    EXPECT_THAT(error.what(), HasSubstr("6 rendered frames of ava"));
  }
}

}  // namespace
}  // namespace reelswap
