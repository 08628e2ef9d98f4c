#include "face/head_pose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "face/align.h"

namespace reelswap {
namespace {

const cv::Size kFrame(1280, 720);

/// Where a pinhole camera (focal length = frame width) sees the mean head. Turning moves what is in
/// front of the head (z < 0) to the picture's right, looking up moves it up, tilting turns clockwise.
Landmarks Project(const HeadPose& pose, cv::Point3d place_mm, cv::Size frame) {
  const double rad = CV_PI / 180, cy = std::cos(pose.yaw * rad), sy = std::sin(pose.yaw * rad),
               cp = std::cos(pose.pitch * rad), sp = std::sin(pose.pitch * rad), cr = std::cos(pose.roll * rad),
               sr = std::sin(pose.roll * rad);
  const cv::Matx33d nod(1, 0, 0, 0, cp, sp, 0, -sp, cp), turn(cy, 0, -sy, 0, 1, 0, sy, 0, cy), tilt(cr, -sr, 0, sr, cr, 0, 0, 0, 1);
  Landmarks landmarks{};
  for (int i = 0; i < kRigidCount; ++i) {
    const cv::Point3d head = MeanHead()[i];
    const cv::Point3d p = tilt * (turn * (nod * head)) + place_mm;
    landmarks[kRigidLandmarks[i]] = {static_cast<float>(frame.width * p.x / p.z + (frame.width - 1) / 2.0),
                                     static_cast<float>(frame.width * p.y / p.z + (frame.height - 1) / 2.0)};
  }
  return landmarks;
}

void ExpectPose(const HeadPose& truth, cv::Point3d place_mm, cv::Size frame = kFrame) {
  const auto pose = EstimatePose(Project(truth, place_mm, frame), frame);
  const auto what = ::testing::Message() << "yaw " << truth.yaw << " pitch " << truth.pitch << " roll " << truth.roll;
  EXPECT_NEAR(pose.yaw, truth.yaw, 1) << what;  // degrees
  EXPECT_NEAR(pose.pitch, truth.pitch, 1) << what;
  EXPECT_NEAR(pose.roll, truth.roll, 1) << what;
}

TEST(EstimatePose, RecoversEveryOrientationUpToFortyDegrees) {
  for (float yaw = -40; yaw <= 40; yaw += 20) {
    for (float pitch = -40; pitch <= 40; pitch += 20) {
      for (float roll = -40; roll <= 40; roll += 20) ExpectPose({yaw, pitch, roll}, {0, 0, 900});
    }
  }
}

TEST(EstimatePose, RecoversFacesNearTheBorderNearAndFar) {
  ExpectPose({15, -10, 5}, {300, -150, 900});
  ExpectPose({-25, 10, -20}, {-120, 60, 350});
  ExpectPose({30, 5, 10}, {400, 200, 5000});
  ExpectPose({30, 5, 10}, {0, 0, 800}, {480, 854});
}

TEST(EstimatePose, SignsAreThoseOfThePicture) {
  const auto nose_from_eyes = [](const HeadPose& pose) {
    const auto l = Project(pose, {0, 0, 900}, kFrame);
    return l[30] - 0.5f * (l[36] + l[45]);
  };
  const cv::Point2f straight = nose_from_eyes({});
  EXPECT_GT(nose_from_eyes({.yaw = 20}).x, straight.x + 5);    // px: turned to the picture's right
  EXPECT_LT(nose_from_eyes({.pitch = 20}).y, straight.y - 5);  // looks up
  const auto tilted = Project({.roll = 20}, {0, 0, 900}, kFrame);
  EXPECT_GT(tilted[45].y, tilted[36].y + 5);  // clockwise: the eye at the right goes down
}

TEST(EstimatePose, StaysFiniteForLandmarksThatAreNoFace) {
  for (const auto& pose : {EstimatePose(Landmarks{}, kFrame), EstimatePose([] {
         Landmarks l;
         for (int i = 0; i < kLandmarkCount; ++i) l[i] = {static_cast<float>(i * 37 % 101), static_cast<float>(i * 53 % 89)};
         return l;
       }(), kFrame)}) {
    EXPECT_TRUE(std::isfinite(pose.yaw) && std::isfinite(pose.pitch) && std::isfinite(pose.roll));
  }
  EXPECT_THROW(EstimatePose(Landmarks{}, {}), std::invalid_argument);
}

TEST(MeanHead, IsMirrorSymmetric) {
  const auto& h = MeanHead();
  for (const auto& [a, b] : {std::pair(0, 3), {1, 2}, {8, 10}, {11, 12}}) {
    EXPECT_EQ(h[a], cv::Point3f(-h[b].x, h[b].y, h[b].z));
  }
}

}  // namespace
}  // namespace reelswap
