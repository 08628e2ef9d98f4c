#include "pipeline/actor_clips.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace reelswap {
namespace {

ActorTrialOptions Small() {
  ActorTrialOptions options;
  options.clips = 2;
  options.frames_per_clip = 7;
  options.frames_per_run = 3;
  options.picture_width = 160;
  return options;
}

std::vector<ActorMoment> SmallMoments(const ActorTrialOptions& options = Small()) {
  return RenderMoments(NamedIdentity("ava"), NamedIdentity("ben"), options);
}

double Turn(const ActorMoment& a, const ActorMoment& b) {
  return std::hypot(a.pose.yaw - b.pose.yaw, a.pose.pitch - b.pose.pitch, a.pose.roll - b.pose.roll);
}

TEST(RenderMoments, GivesRunsOfNeighboursFromEveryClip) {
  const std::vector<ActorMoment> moments = SmallMoments();
  ASSERT_EQ(moments.size(), 14u);
  const std::vector<int> runs = {0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4, 5};
  for (size_t i = 0; i < moments.size(); ++i) {
    EXPECT_EQ(moments[i].run, runs[i]) << i;
    EXPECT_EQ(moments[i].target.size(), cv::Size(160, 120));
    // 70 degrees a second is the fastest movement: 2.8 between frames; a nod may add to it.
    if (i > 0 && runs[i] == runs[i - 1]) {
      EXPECT_LT(Turn(moments[i - 1], moments[i]), 4) << i;
    }
  }
  EXPECT_GT(Turn(moments[0], moments[3]) + Turn(moments[3], moments[6]), 3);  // runs lie apart
  EXPECT_GT(Turn(moments[0], moments[7]), 0.5);                               // clips have their own scripts
}

TEST(RenderMoments, TruthAndTargetDifferInTheFaceOnly) {
  for (const ActorMoment& moment : SmallMoments()) {
    cv::Mat difference;
    cv::absdiff(moment.target, moment.truth, difference);
    const cv::Mat face = FaceHullMask(moment.landmarks, moment.target.size());
    EXPECT_GT(cv::mean(difference, face)[1], 2);
    const cv::Rect shoulders(0, 100, 160, 20);
    EXPECT_LT(cv::norm(difference(shoulders), cv::NORM_INF), 3);
  }
}

TEST(RenderMoments, IsTheSameForTheSameSeedAndAnotherForAnother) {
  ActorTrialOptions options = Small();
  options.clips = 1;
  options.frames_per_clip = 3;
  const std::vector<ActorMoment> one = SmallMoments(options), again = SmallMoments(options);
  options.seed += 100;
  const std::vector<ActorMoment> other = SmallMoments(options);
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(cv::norm(one[i].target, again[i].target, cv::NORM_INF), 0);
    EXPECT_GT(cv::norm(one[i].target, other[i].target, cv::NORM_INF), 20);
  }
}

TEST(RenderMoments, RefusesOptionsOutOfRange) {
  const auto refused = [](auto change) {
    ActorTrialOptions options = Small();
    change(options);
    EXPECT_THROW(SmallMoments(options), std::invalid_argument);
  };
  refused([](ActorTrialOptions& o) { o.clips = 0; });
  refused([](ActorTrialOptions& o) { o.frames_per_clip = 0; });
  refused([](ActorTrialOptions& o) { o.frames_per_run = 2; });
  refused([](ActorTrialOptions& o) { o.clip_seconds = 0; });
  refused([](ActorTrialOptions& o) { o.clip_seconds = std::nan(""); });
  refused([](ActorTrialOptions& o) { o.pose_range = 2; });
  refused([](ActorTrialOptions& o) { o.picture_width = 10; });
}

}  // namespace
}  // namespace reelswap
