#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

namespace reelswap {

enum class Backdrop { kStudio, kGarden, kBookshelf, kNight };
inline constexpr int kBackdropCount = 4;

/// Camera, light and surroundings of one picture.
struct ActorScene {
  int width = 640, height = 480;  ///< px
  float focal = 677;              ///< px; with the default distance a head is about 200 px high
  float distance = 70;            ///< of the camera from the head's resting place, cm

  float key_azimuth = -35;   ///< of the main light, degrees; > 0: it comes from the picture's right
  float key_elevation = 35;  ///< degrees above the horizon
  float light = 1.0f;        ///< brightness of everything, factor
  float fill = 0.35f;        ///< the second light against the first
  float warmth = 0.1f;       ///< of the main light: 0 neutral, 0.3 evening sun, < 0 bluish

  Backdrop backdrop = Backdrop::kStudio;
  /// A picture painted before by PaintBackdrop for this size, so that a clip paints it once.
  /// Empty: Render paints `backdrop` itself (some 10 ms at 640 x 480).
  cv::Mat painted_backdrop;

  float noise = 1.0f;       ///< sensor noise; 1 = standard deviation of about 1.6 of 255
  uint32_t noise_seed = 0;  ///< another for each frame
  int samples = 2;          ///< supersampling a side, 1 .. 4
};

/// Paints a backdrop: height x width CV_32FC3 linear RGB before lighting. Thread-safe.
cv::Mat PaintBackdrop(Backdrop backdrop, cv::Size size);

}  // namespace reelswap
