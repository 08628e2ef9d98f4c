#pragma once

#include "core/faces.h"

namespace reelswap {

/// What a virtual actor does at one moment. Left and right are the picture's.
struct Performance {
  HeadPose pose;                  ///< degrees; natural up to about yaw 45, pitch 20, roll 25
  cv::Point3f position{0, 0, 0};  ///< of the head, cm: right, up, towards the camera
  float jaw_open = 0;             ///< actions from here on: 0 none .. 1 full
  float smile = 0;
  float pucker = 0;
  float blink_left = 0, blink_right = 0;
  float brow_raise = 0, brow_frown = 0;
  float gaze_x = 0, gaze_y = 0;  ///< -1 .. 1 against the head: right and up are positive
};

}  // namespace reelswap
