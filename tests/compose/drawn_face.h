#pragma once

#include <cmath>
#include <opencv2/core.hpp>

#include "core/faces.h"

namespace reelswap::testing {

/// 68 landmarks of a schematic upright face `width` px wide (jaw to jaw) around `center`, turned by
/// `degrees`. Brows lie 0.30, eyes 0.18 face widths above the centre, the chin 0.6 below.
inline Landmarks DrawnLandmarks(cv::Point2f center, float width, float degrees = 0) {
  Landmarks l;
  const auto at = [&](int i, float x, float y) { l[i] = {x, y}; };
  for (int i = 0; i <= 16; ++i) {  // jaw: from the right ear over the chin to the left ear
    const float t = static_cast<float>(CV_PI) * static_cast<float>(16 - i) / 16.0f;
    at(i, 0.5f * std::cos(t), -0.15f + 0.75f * std::sin(t));
  }
  for (int i = 0; i < 5; ++i) {
    const float arch = 0.02f * std::sin(static_cast<float>(CV_PI) * static_cast<float>(i) / 4.0f);
    at(17 + i, -0.40f + 0.07f * static_cast<float>(i), -0.29f - arch);
    at(22 + i, 0.12f + 0.07f * static_cast<float>(i), -0.29f - arch);
  }
  for (int i = 0; i < 4; ++i) at(27 + i, 0, -0.18f + 0.08f * static_cast<float>(i));
  for (int i = 0; i < 5; ++i) at(31 + i, -0.1f + 0.05f * static_cast<float>(i), 0.12f);
  for (int i = 0; i < 6; ++i) {
    const float t = 2 * static_cast<float>(CV_PI) * static_cast<float>(i) / 6.0f;
    at(36 + i, -0.24f + 0.07f * std::cos(t), -0.18f + 0.03f * std::sin(t));
    at(42 + i, 0.24f + 0.07f * std::cos(t), -0.18f + 0.03f * std::sin(t));
  }
  for (int i = 0; i < 20; ++i) {
    const float t = 2 * static_cast<float>(CV_PI) * static_cast<float>(i) / 20.0f;
    at(48 + i, 0.18f * std::cos(t), 0.28f + 0.07f * std::sin(t));
  }
  const float c = std::cos(degrees * static_cast<float>(CV_PI) / 180);
  const float s = std::sin(degrees * static_cast<float>(CV_PI) / 180);
  for (cv::Point2f& p : l) p = center + width * cv::Point2f(c * p.x - s * p.y, s * p.x + c * p.y);
  return l;
}

/// Frame px -> px of a crop of `size` that covers `covered` face widths around (center + 0.05 widths down).
inline cv::Matx23f DrawnTransform(cv::Point2f center, float width, int size, float covered = 1.5f,
                                  float degrees = 0) {
  const float scale = static_cast<float>(size) / (width * covered);
  const float c = scale * std::cos(degrees * static_cast<float>(CV_PI) / 180);
  const float s = scale * std::sin(degrees * static_cast<float>(CV_PI) / 180);
  const float middle = 0.5f * static_cast<float>(size) - 0.5f;
  return {c, s, middle - c * center.x - s * center.y, -s, c, middle + s * center.x - c * center.y};
}

/// A swapped face of one colour for DrawnLandmarks(center, width, degrees).
inline SwappedFace FlatSwap(cv::Point2f center, float width, int size, cv::Scalar bgr, float degrees = 0) {
  SwappedFace swapped;
  swapped.image = cv::Mat(size, size, CV_8UC3, bgr);
  swapped.face_from_frame = DrawnTransform(center, width, size, 1.5f, degrees);
  return swapped;
}

}  // namespace reelswap::testing
