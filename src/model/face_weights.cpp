#include "model/face_weights.h"

#include <cmath>

namespace reelswap {
namespace {

/// An ellipse in units of the mean-face square, whose inner landmarks span [0,1] x [0,1].
struct Ellipse {
  double u, v;    ///< middle
  double ru, rv;  ///< radii
};

// Wider and lower than the landmarks, which end at the brows and the lower lip: it reaches the forehead and
// the chin.
constexpr Ellipse kFace{0.5, 0.55, 0.64, 0.78};
// Where the mean face has them (face/mean_face.cpp).
constexpr Ellipse kRightEye{0.236, 0.27, 0.12, 0.07};
constexpr Ellipse kLeftEye{0.764, 0.27, 0.12, 0.07};
constexpr Ellipse kMouth{0.5, 0.80, 0.19, 0.09};

constexpr double kOutside = 0.1;  ///< of the face's weight; not 0, so that the crop's border is learnt too
// Added in the middle of an eye and of the mouth: with the face's own 1 they weigh 3 and 2, the field's defaults.
constexpr double kEye = 2.0;
constexpr double kMouthExtra = 1.0;
constexpr double kSharpness =
    12;  ///< the oval's border rises from 1/10 to 9/10 over about a fifth of the face

/// 1 on the ellipse's border, 0 in its middle.
double Radius(const Ellipse& e, double u, double v) { return std::hypot((u - e.u) / e.ru, (v - e.v) / e.rv); }

double Spot(const Ellipse& e, double u, double v) {
  const double radius = Radius(e, u, v);
  return std::exp(-0.5 * radius * radius);
}

double WeightAt(double u, double v) {
  const double inside = 1.0 / (1.0 + std::exp(-kSharpness * (1.0 - Radius(kFace, u, v))));
  return kOutside + (1.0 - kOutside) * inside +
         kEye * (Spot(kRightEye, u, v) + Spot(kLeftEye, u, v)) + kMouthExtra * Spot(kMouth, u, v);
}

}  // namespace

cv::Mat FaceWeightMap(const CropGeometry& crop) {
  // The inverse of pixel = ((p - (0.5, 0.5 + shift_y)) / coverage + 0.5) * size.
  const auto unit = [&](int pixel) {
    return (static_cast<double>(pixel) / crop.size - 0.5) * crop.coverage + 0.5;
  };
  cv::Mat weights(crop.size, crop.size, CV_32FC1);
  for (int y = 0; y < crop.size; ++y) {
    for (int x = 0; x < crop.size; ++x) {
      weights.at<float>(y, x) = static_cast<float>(WeightAt(unit(x), unit(y) + crop.shift_y));
    }
  }
  return weights / cv::mean(weights)[0];
}

}  // namespace reelswap
