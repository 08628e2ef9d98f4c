#include "actors/anatomy.h"

namespace reelswap {
namespace {

/// Catmull-Rom through the control rows.
float Interpolate(const std::array<float, Anatomy::kRows>& values, float row) {
  const int last = Anatomy::kRows - 1;
  const int i = std::clamp(static_cast<int>(std::floor(row)), 0, last - 1);
  const float t = row - static_cast<float>(i);
  const float p0 = values[std::max(i - 1, 0)], p1 = values[i], p2 = values[i + 1];
  const float p3 = values[std::min(i + 2, last)];
  return 0.5f * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t * t +
                 (3 * p1 - p0 - 3 * p2 + p3) * t * t * t);
}

}  // namespace

Anatomy::Anatomy(const ActorIdentity& who) : identity(who) {
  MeasureFace();
  MeasureSkull();
}

// Typical adult measures in cm (eye width 2.56, inner corners 3.6 apart, mouth 5.3, eye line to chin
// 11.6; the proportions were fitted to the mean of the 68 landmarks), times this person's factors.
void Anatomy::MeasureFace() {
  const FaceShape& face = identity.face;
  const float length = identity.head.length;
  eye_x = 3.10f * face.eye_spacing;
  eye_half_width = 1.28f * face.eye_size;
  eye_upper = 0.58f * face.eye_size * face.eye_open;
  eye_lower = 0.40f * face.eye_size * face.eye_open;
  nose_tip_y = -4.1f * face.nose_length;
  nose_base_y = -4.9f * face.nose_length;
  mouth_y = (nose_base_y - 2.15f) * (0.5f + 0.5f * length) - (face.mouth_height - 1) * 1.0f;
  mouth_half_width = 2.65f * face.mouth_width;
  upper_lip = 0.80f * face.upper_lip;
  lower_lip = 1.0f * face.lower_lip;
  chin_y = -11.6f * length;
  brow_y = 2.15f * face.brow_height;
}

void Anatomy::MeasureSkull() {
  const HeadShape& head = identity.head;
  const float jaw = head.jaw;
  struct Row {
    float front_y, front_z, side_y, half_width, back_depth;
  };
  const Row rows[kRows] = {{chin_y + 1.6f, 3.5f, -7.0f, 4.4f, 7.0f},         // floor of the mouth
                           {chin_y + 0.25f, 7.4f, -8.2f, 5.0f * jaw, 7.2f},  // under the chin
                           {chin_y, 9.2f, -8.35f, 5.35f * jaw, 7.5f},        // jaw line
                           {chin_y + 1.0f, 10.0f, -7.9f, 5.7f * jaw, 7.8f},  // chin
                           {Mix(mouth_y, chin_y, .42f), 10.0f, -7.1f, 6.0f * (.5f + .5f * jaw), 8.0f},
                           {mouth_y, 10.2f, -5.6f, 6.35f * (.7f + .3f * jaw), 8.2f},  // mouth
                           {nose_base_y, 10.2f, -4.0f, 6.65f, 8.5f},                  // under the nose
                           {-2.5f, 9.7f, -2.0f, 6.85f, 9.0f},
                           {0, 9.35f, 0, 7.0f, 9.4f},        // eyes
                           {2.2f, 9.65f, 2.2f, 7.1f, 9.8f},  // brows
                           {5.0f, 9.3f, 5.0f, 7.35f, 9.8f},  // forehead
                           {8.0f, 7.4f, 8.0f, 6.8f, 8.6f},
                           {10.2f, 4.6f, 10.2f, 4.9f, 5.6f},
                           {11.2f, 2.2f, 11.2f, 2.5f, 2.8f},
                           {11.5f, 0, 11.5f, 0, 0}};  // crown
  for (int i = 0; i < kRows; ++i) {
    front_y_[i] = rows[i].front_y;
    front_z_[i] = rows[i].front_z;
    side_y_[i] = rows[i].side_y * (rows[i].side_y < -3 ? 0.4f + 0.6f * head.length : 1);
    half_width_[i] = rows[i].half_width * head.width;
    back_depth_[i] = rows[i].back_depth;
  }
  // The eyeball sits behind the surface of the face, 0.62 cm below it at the eye's centre.
  const float surface = 9.35f * std::sqrt(std::max(0.1f, 1 - Squared(eye_x / (7.0f * head.width))));
  const float eye_size = identity.face.eye_size;
  eyeball_radius = {1.52f * eye_size, 1.30f * eye_size, 1.25f};
  eyeball_z = surface - 0.62f - eyeball_radius.z;
}

float Anatomy::ProfileLength(int row) const {
  return std::hypot(front_y_[row + 1] - front_y_[row], front_z_[row + 1] - front_z_[row]);
}

Vec3 Anatomy::BaseSurface(float row, float angle) const {
  const float s = std::sin(angle), c = std::cos(angle), side = std::fabs(s);
  // How far a point has left the front's height for the side's: late along the jaw, early above it.
  const float along_jaw = std::pow(side, 1.75f), above = SmoothStep(0.40f, 1.0f, side);
  const float to_side = c < 0 ? 1 : Mix(along_jaw, above, SmoothStep(2.5f, 5.0f, row));
  const float width = std::max(0.f, Interpolate(half_width_, row));
  const float depth = Interpolate(c >= 0 ? front_z_ : back_depth_, row);
  return {width * s, Mix(Interpolate(front_y_, row), Interpolate(side_y_, row), to_side), depth * c};
}

LidOpening Anatomy::LidsAt(float x, float blink) const {
  LidOpening lids;
  const float t = lids.across = (x - eye_x) / eye_half_width;
  const float at = std::fabs(t), shape = at < 1 ? 1 - std::pow(at, 2.3f) : 0;
  const float upper = eye_upper * (1 - 0.12f * t);  // peaks towards the nose
  const float lower = eye_lower * (1 + 0.12f * t);
  const float line = identity.face.eye_tilt * (x - eye_x) - 0.04f;
  lids.lower = line - lower * shape;
  lids.upper = line + Mix(upper, -lower, blink) * shape;
  return lids;
}

float Anatomy::BrowCentre(float x) const {
  const float t = (x - 1.1f) / 4.5f;
  return brow_y - .30f + 0.62f * identity.face.brow_arch * (1 - Squared((t - .58f) / .58f));
}

float Anatomy::UpperLip(float t) const {
  const float bow = 1 - .22f * std::exp(-Squared(t / .10f));  // the dip under the philtrum
  return upper_lip * std::pow(std::max(0.f, 1 - std::pow(t, 1.5f)), .85f) * bow;
}

float Anatomy::LowerLip(float t) const {
  return lower_lip * std::pow(std::max(0.f, 1 - std::pow(t, 2.2f)), .8f);
}

float Anatomy::NasolabialDistance(float x, float y) const {
  return DistanceToSegment({x, y}, {1.75f * identity.face.nose_width, nose_tip_y - .1f},
                           {mouth_half_width + .75f, mouth_y + .2f});
}

float Anatomy::Hairline(float angle) const {
  const float degrees = angle / kRadiansPerDegree, side = std::fabs(degrees);
  float top = 6.6f * identity.head.hairline;
  if (identity.head.hair_style == HairStyle::kSideParted && degrees > -30 && degrees < 40) {
    top -= 1.3f * SmoothStep(-30.f, 10.f, degrees) * SmoothStep(45.f, 25.f, degrees);
  }
  if (side < 32) return top + 0.5f * SmoothStep(10, 30, side);
  if (side < 62) return Mix(top + .5f, 2.2f, SmoothStep(32, 60, side));  // temple
  if (side < 80) return Mix(2.2f, -1.4f, SmoothStep(66, 72, side));      // sideburn
  if (side < 112) return Mix(-1.4f, .9f, SmoothStep(80, 86, side));      // around the ear
  return Mix(.9f, -7.5f, SmoothStep(112, 120, side));                    // nape
}

}  // namespace reelswap
