#include "actors/actor.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>
#include <thread>

namespace reelswap {
namespace {

/// Half size, no noise: quick to render and free of randomness.
ActorScene SmallScene() {
  ActorScene scene;
  scene.width = 320;
  scene.height = 240;
  scene.focal = 338;
  scene.noise = 0;
  return scene;
}

SurfaceLabel LabelAt(const RenderedFrame& frame, cv::Point2f p) {
  return static_cast<SurfaceLabel>(frame.labels.at<uint8_t>(static_cast<int>(p.y), static_cast<int>(p.x)));
}

cv::Point2f Mean(const Landmarks& points, int first, int last) {
  cv::Point2f sum;
  for (int i = first; i <= last; ++i) sum += points[i];
  return sum / static_cast<float>(last - first + 1);
}

int CountLabel(const RenderedFrame& frame, SurfaceLabel label) {
  return cv::countNonZero(frame.labels == static_cast<int>(label));
}

bool SamePixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

double MeanDifference(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask) {
  cv::Mat difference;
  cv::absdiff(a, b, difference);
  const cv::Scalar mean = cv::mean(difference, mask);
  return (mean[0] + mean[1] + mean[2]) / 3;
}

/// The index of the landmark that changes place with landmark `i` in a mirror (iBUG scheme).
int MirroredIndex(int i) {
  if (i < 17) return 16 - i;
  if (i < 27) return 43 - i;
  if (i < 31) return i;
  if (i < 36) return 66 - i;
  if (i < 48) {
    constexpr int kEyes[12] = {45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40};
    return kEyes[i - 36];
  }
  if (i < 55) return 102 - i;
  if (i < 60) return 114 - i;
  if (i < 65) return 124 - i;
  return 132 - i;
}

TEST(Actor, GivesAPictureALabelMapAndLandmarksOfTheSceneSize) {
  const RenderedFrame frame = Actor(NamedIdentity("carl")).Render({}, SmallScene());
  EXPECT_EQ(frame.image.type(), CV_8UC3);
  EXPECT_EQ(frame.labels.type(), CV_8UC1);
  EXPECT_EQ(frame.image.size(), cv::Size(320, 240));
  EXPECT_EQ(frame.labels.size(), cv::Size(320, 240));
  for (const cv::Point2f& p : frame.landmarks) {
    EXPECT_TRUE(cv::Rect2f(0, 0, 320, 240).contains(p)) << p;
  }
}

class EveryActor : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Named, EveryActor, testing::ValuesIn(IdentityNames()),
                         [](const auto& test) { return test.param; });

TEST_P(EveryActor, LandmarksLieOnWhatTheyName) {
  const Actor actor(NamedIdentity(GetParam()));
  for (const float yaw : {-20.f, 0.f, 20.f}) {
    Performance performance;
    performance.pose = {yaw, 4, 5};
    performance.jaw_open = 0.7f;
    const RenderedFrame frame = actor.Render(performance, SmallScene());
    EXPECT_EQ(LabelAt(frame, Mean(frame.landmarks, 36, 41)), SurfaceLabel::kEye) << yaw;
    EXPECT_EQ(LabelAt(frame, Mean(frame.landmarks, 42, 47)), SurfaceLabel::kEye) << yaw;
    EXPECT_EQ(LabelAt(frame, Mean(frame.landmarks, 60, 67)), SurfaceLabel::kMouthInside) << yaw;
    EXPECT_EQ(LabelAt(frame, frame.landmarks[30]), SurfaceLabel::kSkin) << yaw;
    EXPECT_EQ(LabelAt(frame, frame.landmarks[51] - cv::Point2f(0, 4)), SurfaceLabel::kSkin) << yaw;
  }
  const RenderedFrame frame = actor.Render({}, SmallScene());
  EXPECT_EQ(LabelAt(frame, {2, 2}), SurfaceLabel::kBackground);
  EXPECT_EQ(LabelAt(frame, {160, 235}), SurfaceLabel::kBody);
}

TEST(Actor, ClosedEyesShowNoEye) {
  const Actor actor(NamedIdentity("ava"));
  Performance performance;
  EXPECT_GT(CountLabel(actor.Render(performance, SmallScene()), SurfaceLabel::kEye), 40);
  performance.blink_left = performance.blink_right = 1;
  EXPECT_EQ(CountLabel(actor.Render(performance, SmallScene()), SurfaceLabel::kEye), 0);
}

TEST(Actor, AWinkClosesTheEyeOfThatSideOfThePicture) {
  Performance performance;
  performance.blink_left = 1;
  const RenderedFrame frame = Actor(NamedIdentity("ava")).Render(performance, SmallScene());
  const cv::Mat eye = frame.labels == static_cast<int>(SurfaceLabel::kEye);
  EXPECT_EQ(cv::countNonZero(eye.colRange(0, 160)), 0);
  EXPECT_GT(cv::countNonZero(eye.colRange(160, 320)), 20);
}

TEST(Actor, AClosedMouthShowsNoInside) {
  const Actor actor(NamedIdentity("ben"));
  const int closed = CountLabel(actor.Render({}, SmallScene()), SurfaceLabel::kMouthInside);
  Performance speaking;
  speaking.jaw_open = 0.6f;
  const int open = CountLabel(actor.Render(speaking, SmallScene()), SurfaceLabel::kMouthInside);
  EXPECT_LE(closed, 5);
  EXPECT_GT(open, 100);
}

TEST(Actor, PoseSignsAreThoseOfHeadPose) {
  const Actor actor(NamedIdentity("carl"));
  const auto nose_from_eyes = [&](HeadPose pose) {
    Performance performance;
    performance.pose = pose;
    const Landmarks points = actor.Render(performance, SmallScene()).landmarks;
    return points[30] - (Mean(points, 36, 41) + Mean(points, 42, 47)) / 2;
  };
  const cv::Point2f frontal = nose_from_eyes({});
  EXPECT_NEAR(frontal.x, 0, 0.1);                          // px
  EXPECT_GT(nose_from_eyes({20, 0, 0}).x, frontal.x + 3);  // turns to the picture's right
  EXPECT_LT(nose_from_eyes({0, 15, 0}).y, frontal.y - 3);  // looks up
  EXPECT_LT(nose_from_eyes({0, 0, 15}).x, frontal.x - 3);  // clockwise: the chin goes left
}

TEST(Actor, LandmarksIn3dProjectOntoThoseInThePicture) {
  Performance performance;
  performance.pose = {15, -5, 8};
  performance.position = {2, -1, 4};
  const ActorScene scene = SmallScene();
  const RenderedFrame frame = Actor(NamedIdentity("ava")).Render(performance, scene);
  for (int i = 0; i < kLandmarkCount; ++i) {
    const cv::Point3f p = frame.landmarks_3d[i];
    const float scale = scene.focal / (scene.distance - p.z);
    EXPECT_NEAR(frame.landmarks[i].x, 160 + p.x * scale, 0.01) << i;  // px; float rounding
    EXPECT_NEAR(frame.landmarks[i].y, 120 - p.y * scale, 0.01) << i;
  }
}

TEST(Actor, AMirroredPerformanceInSymmetricLightGivesTheMirroredPicture) {
  const Actor actor(NamedIdentity("carl"));
  ActorScene scene = SmallScene();
  scene.key_azimuth = 0;
  Performance performance;
  performance.pose = {18, 6, 7};
  performance.position = {1, 0, 0};
  performance.smile = 0.7f;
  performance.blink_left = 0.8f;
  performance.gaze_x = 0.4f;
  Performance mirrored = performance;
  mirrored.pose = {-18, 6, -7};
  mirrored.position.x = -1;
  std::swap(mirrored.blink_left, mirrored.blink_right);
  mirrored.gaze_x = -0.4f;

  const RenderedFrame one = actor.Render(performance, scene);
  const RenderedFrame other = actor.Render(mirrored, scene);
  cv::Mat image, labels;
  cv::flip(other.image, image, 1);
  cv::flip(other.labels, labels, 1);
  for (int i = 0; i < kLandmarkCount; ++i) {
    const cv::Point2f p = other.landmarks[MirroredIndex(i)];
    EXPECT_NEAR(one.landmarks[i].x, 320 - p.x, 0.05) << i;  // px; float rounding over the mesh
    EXPECT_NEAR(one.landmarks[i].y, p.y, 0.05) << i;
  }
  // The hem of the hair, skin grain and strands are random and not mirrored.
  const cv::Mat skin = one.labels == static_cast<int>(SurfaceLabel::kSkin);
  EXPECT_LT(MeanDifference(one.image, image, skin), 4.0);  // of 255: grain is 6 % of the tone
  EXPECT_LT(cv::countNonZero(one.labels != labels), 320 * 240 / 200);
}

TEST(Actor, LightFromTheRightBrightensTheRightCheek) {
  const Actor actor(NamedIdentity("carl"));
  ActorScene scene = SmallScene();
  scene.key_azimuth = 60;
  const RenderedFrame frame = actor.Render({}, scene);
  const auto brightness_at = [&](cv::Point2f p) {
    const cv::Rect patch(static_cast<int>(p.x) - 3, static_cast<int>(p.y) - 3, 7, 7);
    return cv::sum(cv::mean(frame.image(patch)))[0];
  };
  const cv::Point2f left = (frame.landmarks[2] + frame.landmarks[31]) / 2;
  const cv::Point2f right = (frame.landmarks[14] + frame.landmarks[35]) / 2;
  EXPECT_GT(brightness_at(right), 1.3 * brightness_at(left));
}

TEST(Actor, ASwappedFaceEqualsTheTargetOutsideTheFaceAndDiffersInside) {
  const ActorIdentity target = NamedIdentity("ava"), source = NamedIdentity("ben");
  Performance performance;
  performance.pose = {12, 3, -4};
  performance.smile = 0.4f;
  const RenderedFrame before = Actor(target).Render(performance, SmallScene());
  const RenderedFrame after = Actor(SwappedIdentity(target, source)).Render(performance, SmallScene());

  const auto both = [&](SurfaceLabel label) {
    const int value = static_cast<int>(label);
    return cv::Mat((before.labels == value) & (after.labels == value));
  };
  cv::Mat difference;
  cv::absdiff(before.image, after.image, difference);
  difference.setTo(0, ~both(SurfaceLabel::kBackground));
  EXPECT_EQ(cv::norm(difference, cv::NORM_INF), 0);
  // Jaw and chin belong to the face, so its shadow on the neck and the fall of the hair change a
  // little at the border.
  EXPECT_LT(MeanDifference(before.image, after.image, both(SurfaceLabel::kBody)), 2.0);
  EXPECT_LT(MeanDifference(before.image, after.image, both(SurfaceLabel::kHair)), 2.0);

  std::vector<cv::Point> inner;
  for (int i = 17; i < kLandmarkCount; ++i) inner.emplace_back(before.landmarks[i]);
  std::vector<cv::Point> hull;
  cv::convexHull(inner, hull);
  cv::Mat face = cv::Mat::zeros(before.labels.size(), CV_8UC1);
  cv::fillConvexPoly(face, hull, cv::Scalar(255));
  EXPECT_GT(MeanDifference(before.image, after.image, face), 6.0);
}

TEST(Actor, RendersTheSameBytesForTheSameArguments) {
  const ActorIdentity identity = RandomIdentity(77);
  Performance performance;
  performance.pose.yaw = 10;
  ActorScene scene = SmallScene();
  scene.noise = 1;
  scene.noise_seed = 5;
  const RenderedFrame one = Actor(identity).Render(performance, scene);
  const RenderedFrame again = Actor(identity).Render(performance, scene);
  EXPECT_TRUE(SamePixels(one.image, again.image));
  EXPECT_TRUE(SamePixels(one.labels, again.labels));
  EXPECT_EQ(one.landmarks, again.landmarks);
  scene.noise_seed = 6;
  EXPECT_FALSE(SamePixels(one.image, Actor(identity).Render(performance, scene).image));
}

TEST(Actor, TwoThreadsRenderOneActorAsOneThreadDoes) {
  const Actor actor(NamedIdentity("dana"));
  const auto render = [&](float yaw, Backdrop backdrop) {
    Performance performance;
    performance.pose.yaw = yaw;
    ActorScene scene = SmallScene();
    scene.backdrop = backdrop;
    return actor.Render(performance, scene).image;
  };
  const cv::Mat left = render(-15, Backdrop::kGarden), right = render(15, Backdrop::kNight);
  std::vector<cv::Mat> from_threads(6);
  {
    const auto work = [&](int first) {
      for (int i = first; i < 6; i += 2) {
        from_threads[i] = first == 0 ? render(-15, Backdrop::kGarden) : render(15, Backdrop::kNight);
      }
    };
    std::jthread one(work, 0), other(work, 1);
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(SamePixels(from_threads[i], i % 2 == 0 ? left : right)) << i;
  }
}

TEST(Actor, ABackdropPaintedBeforeGivesTheSamePicture) {
  const Actor actor(NamedIdentity("ben"));
  for (int k = 0; k < kBackdropCount; ++k) {
    ActorScene scene = SmallScene();
    scene.backdrop = static_cast<Backdrop>(k);
    const cv::Mat painted_by_render = actor.Render({}, scene).image;
    scene.painted_backdrop = PaintBackdrop(scene.backdrop, {320, 240});
    EXPECT_TRUE(SamePixels(painted_by_render, actor.Render({}, scene).image)) << k;
  }
}

TEST(Actor, MoreSamplesSmoothThePictureAndKeepItsContent) {
  const Actor actor(NamedIdentity("ava"));
  ActorScene scene = SmallScene();
  const cv::Mat usual = actor.Render({}, scene).image;
  scene.samples = 4;
  const cv::Mat finer = actor.Render({}, scene).image;
  EXPECT_FALSE(SamePixels(usual, finer));
  EXPECT_LT(MeanDifference(usual, finer, {}), 1.5);  // of 255: edges and strands differ
}

TEST(Actor, RefusesScenesItCannotRender) {
  const Actor actor(NamedIdentity("ava"));
  const auto refuses = [&](auto change) {
    ActorScene scene = SmallScene();
    change(scene);
    EXPECT_THROW(actor.Render({}, scene), std::invalid_argument);
  };
  refuses([](ActorScene& s) { s.width = 0; });
  refuses([](ActorScene& s) { s.height = -3; });
  refuses([](ActorScene& s) { s.width = 100000; });
  refuses([](ActorScene& s) { s.samples = 0; });
  refuses([](ActorScene& s) { s.samples = 5; });
  refuses([](ActorScene& s) { s.focal = 0; });
  refuses([](ActorScene& s) { s.distance = 10; });
  refuses([](ActorScene& s) { s.painted_backdrop = PaintBackdrop(Backdrop::kNight, {32, 24}); });
  refuses([](ActorScene& s) { s.painted_backdrop = cv::Mat::zeros(240, 320, CV_8UC3); });
  Performance at_the_lens;
  at_the_lens.position.z = 60;
  EXPECT_THROW(actor.Render(at_the_lens, SmallScene()), std::invalid_argument);
}

TEST(Actor, RendersPicturesThatShowOnlyPartOfTheHead) {
  ActorScene scene = SmallScene();
  scene.focal = 4000;  // some 6 cm across
  const RenderedFrame frame = Actor(NamedIdentity("ben")).Render({}, scene);
  EXPECT_EQ(CountLabel(frame, SurfaceLabel::kBackground), 0);
  scene.width = scene.height = 1;
  EXPECT_EQ(Actor(NamedIdentity("ben")).Render({}, scene).image.total(), 1u);
}

}  // namespace
}  // namespace reelswap
